import { expect } from "bun:test"
import { existsSync, writeFileSync } from "node:fs"
import { busyboxImage, loadBusyboxImage } from "../fixtures/busybox-image.ts"
import { containersOf } from "../fixtures/leaks.ts"
import { Marathon } from "../fixtures/marathon.ts"
import { bridge, command, docker, testWith } from "../fixtures/system-parts.ts"
import { waitFor } from "../fixtures/wait.ts"
import { testWorlds } from "../fixtures/world.ts"

const open = testWorlds()

const parts = [await docker(), command("busybox")]

/** A cluster with Docker, the image loaded, the client set up. */
async function dockerCluster() {
  await loadBusyboxImage()
  const world = open()
  const cluster = await world.up()
  await world.dcos.ok(`cluster setup ${cluster.routerUrl}`)
  return { world, dcos: world.dcos, marathon: new Marathon(cluster.marathonUrl) }
}

const boxed = (cmd: string, more: object = {}) => ({
  id: "/boxed",
  cmd,
  container: { type: "DOCKER", docker: { image: busyboxImage } },
  networks: [{ mode: "host" }],
  ...more,
})

/** A path of the only sandbox there is. */
function inSandbox(folder: string, name: string): string {
  const [stdout = ""] = [...new Bun.Glob("**/runs/*/stdout").scanSync({ cwd: folder })]
  return `${folder}/${stdout.replace(/stdout$/, name)}`
}

testWith(...parts)("helloworld runs in containers when its option says so", async () => {
  const { world, dcos, marathon } = await dockerCluster()
  const options = `${world.path}/options.json`
  writeFileSync(
    options,
    JSON.stringify({
      service: { instances: 2 },
      page: { message: "From a box" },
      container: { enabled: true, image: busyboxImage },
    }),
  )
  await dcos.ok(`package install helloworld --yes --options=${options}`)
  const tasks = await marathon.settled("/helloworld")
  expect(tasks).toHaveLength(2)
  for (const { id, host, ports } of tasks) {
    const page = await (await fetch(`http://${host}:${ports[0]}/`)).text()
    expect(page).toContain("From a box")
    expect(page).toContain(`${id} at ${host}:${ports[0]}`)
  }
  expect(await containersOf(world.path)).toHaveLength(2)
  await dcos.ok("package uninstall helloworld --yes")
  await waitFor("no container", async () => (await containersOf(world.path)).length === 0)
})

testWith(await bridge(), command("busybox"))(
  "a container on the bridge is reached by its host port",
  async () => {
    const { marathon } = await dockerCluster()
    const serve = "echo bridged >/www/index.html; exec httpd -f -p 80 -h /www"
    const [task] = await marathon.run(
      boxed(serve, {
        container: {
          type: "DOCKER",
          docker: { image: busyboxImage },
          portMappings: [{ containerPort: 80, hostPort: 0, name: "http" }],
        },
        networks: [{ mode: "container/bridge" }],
        healthChecks: [
          { protocol: "MESOS_HTTP", portIndex: 0, delaySeconds: 0, intervalSeconds: 1 },
        ],
      }),
    )
    expect(task?.healthCheckResults?.[0]?.alive).toBe(true)
    const page = await fetch(`http://${task?.host}:${task?.ports[0]}/`)
    expect(await page.text()).toBe("bridged\n")
  },
)

testWith(...parts)("what a container writes is in its sandbox, by stream", async () => {
  const { world, dcos, marathon } = await dockerCluster()
  const cmd = "echo to-out; echo to-err >&2; echo kept >$MESOS_SANDBOX/file; sleep 600"
  await marathon.run(boxed(cmd))
  await waitFor("the log", async () => (await dcos.ok("task log boxed")) === "to-out\n")
  await waitFor("the log", async () => (await dcos.ok("task log boxed stderr")) === "to-err\n")
  expect(await dcos.ok("task ls boxed")).toContain("file")
  expect(await Bun.file(inSandbox(world.path, "file")).text()).toBe("kept\n")
})

testWith(...parts)("a command health check runs inside the container", async () => {
  const { world, marathon } = await dockerCluster()
  const [first] = await marathon.run(
    boxed("touch /only-inside; sleep 600", {
      healthChecks: [
        {
          protocol: "COMMAND",
          command: { value: "test -e /only-inside && ! test -e $MESOS_SANDBOX/ill" },
          gracePeriodSeconds: 0,
          delaySeconds: 0,
          intervalSeconds: 1,
          maxConsecutiveFailures: 2,
        },
      ],
    }),
  )
  expect(first?.healthCheckResults?.[0]?.alive).toBe(true)
  writeFileSync(inSandbox(world.path, "ill"), "")
  await waitFor("the unhealthy container to be replaced", async () => {
    const [task, ...others] = await marathon.healthyTasks("/boxed")
    return others.length === 0 && task !== undefined && task.id !== first?.id
  })
})

testWith(...parts)("a container gets its grace to end, and no more", async () => {
  const { world, marathon } = await dockerCluster()
  const farewell = "trap 'sleep 1; touch $MESOS_SANDBOX/farewell; exit 0' TERM"
  const wait = "touch $MESOS_SANDBOX/ready; while :; do sleep 0.1; done"
  const start = async (cmd: string, grace: number): Promise<void> => {
    await marathon.run(boxed(cmd, { taskKillGracePeriodSeconds: grace }))
    await waitFor("it to be ready", () => existsSync(inSandbox(world.path, "ready")))
  }
  await start(`${farewell}; ${wait}`, 20)
  const ready = inSandbox(world.path, "ready")
  await marathon.removeAll()
  expect(existsSync(ready.replace(/ready$/, "farewell"))).toBe(true)

  // One that does not listen is ended by force when the time is over.
  const began = performance.now()
  await marathon.run(boxed(`trap '' TERM; ${wait}`, { taskKillGracePeriodSeconds: 1 }))
  await marathon.removeAll(10_000)
  expect(performance.now() - began).toBeGreaterThan(1_000)
})

testWith(...parts)("an image that cannot be had is told by name", async () => {
  const { marathon } = await dockerCluster()
  const image = "localhost:1/no/such:image"
  await marathon.ok("POST", "/v2/apps", {
    cpus: 0.1,
    mem: 32,
    backoffSeconds: 300,
    ...boxed("sleep 600", { container: { type: "DOCKER", docker: { image } } }),
  })
  const failure = await waitFor("the reason", async () => {
    return (await marathon.app("/boxed")).lastTaskFailure
  })
  expect(failure.state).toBe("TASK_FAILED")
  expect(failure.message).toContain(image)
})
