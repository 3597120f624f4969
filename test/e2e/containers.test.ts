/** Containers of runc: run, limited and ended by a real agent under a real master and Marathon. */
import { expect } from "bun:test"
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { rootFileSystem } from "../fixtures/busybox-image.ts"
import { cgroupsOf, processesOf } from "../fixtures/leaks.ts"
import { Marathon } from "../fixtures/marathon.ts"
import { Registry } from "../fixtures/registry.ts"
import { command, rootUser, testWith } from "../fixtures/system-parts.ts"
import { waitFor } from "../fixtures/wait.ts"
import { testWorlds, type AgentPlace } from "../fixtures/world.ts"

const open = testWorlds()
const parts = [rootUser, command("runc"), command("conmon")]
const imageParts = [...parts, command("docker-registry"), command("busybox")]

/** A master, an agent that can be killed and started again, and their Marathon. */
async function cluster(args: readonly string[] = []) {
  const world = open()
  const master = await world.master()
  const place = await world.place("agent", args)
  const start = () => world.agent(master, place)
  return {
    world,
    place,
    start,
    master,
    agent: await start(),
    marathon: new Marathon(master.marathonUrl),
  }
}

/** An app in a container that sees the machine's files. */
const contained = (cmd: string, more: object = {}) => ({
  id: "/contained",
  cmd,
  container: { type: "MESOS" },
  backoffSeconds: 3600,
  ...more,
})

/** A file of the only sandbox there is; empty until it is there. */
function inSandbox({ workDir }: AgentPlace, name: string): string {
  const [path] = [...new Bun.Glob(`**/runs/*/${name}`).scanSync({ cwd: workDir })]
  return path === undefined ? "" : readFileSync(`${workDir}/${path}`, "utf8")
}

/** Writes a file into the only sandbox there is. */
async function intoSandbox({ workDir }: AgentPlace, name: string): Promise<void> {
  const [stdout = ""] = [...new Bun.Glob("**/runs/*/stdout").scanSync({ cwd: workDir })]
  await Bun.write(`${workDir}/${stdout.replace(/stdout$/, name)}`, "")
}

type Status = {
  readonly state: string
  readonly reason?: string
  readonly message?: string
  readonly container_status?: { readonly executor_pid?: number }
}

/** The last status of the only task that the master has ever had. */
async function lastStatus(mesosUrl: string): Promise<Status | undefined> {
  const answer = await fetch(`${mesosUrl}/api/v1`, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify({ type: "GET_TASKS" }),
  })
  const { get_tasks } = (await answer.json()) as {
    readonly get_tasks: Readonly<
      Record<string, readonly { readonly statuses: readonly Status[] }[]>
    >
  }
  return Object.values(get_tasks).flat()[0]?.statuses.at(-1)
}

const ended = (mesosUrl: string): Promise<Status> =>
  waitFor("the task to end", async () => {
    const status = await lastStatus(mesosUrl)
    return /TASK_(FAILED|FINISHED|KILLED|LOST)/.test(status?.state ?? "") ? status : undefined
  })

testWith(...parts)("an app runs in a container with the machine's files", async () => {
  const { world, place, marathon, master } = await cluster()
  await marathon.run(contained("echo pid $$; cat /etc/hostname; pwd >where; exec sleep 600"))
  await waitFor("the task to write", () => inSandbox(place, "where") !== "")
  const hostname = readFileSync("/etc/hostname", "utf8")
  expect(inSandbox(place, "stdout")).toBe(`pid 1\n${hostname}`)
  expect(existsSync(inSandbox(place, "where").trim())).toBe(true)
  const pid = (await lastStatus(master.mesosUrl))?.container_status?.executor_pid
  expect(readFileSync(`/proc/${pid}/cmdline`, "latin1")).toBe(["sleep", "600", ""].join("\0"))
  const [cgroup = ""] = cgroupsOf(world.path)
  expect(readFileSync(`${cgroup}/cgroup.procs`, "utf8")).toBe(`${pid}\n`)
})

testWith(...imageParts)("an app runs its image as the image says", async () => {
  const { world, place, marathon } = await cluster()
  const registry = await Registry.start(`${world.path}/registry`)
  try {
    const layers = [{ tar: new Uint8Array(await rootFileSystem()) }]
    const script =
      "echo $GREETING $0; pwd; echo kept >/data/file; cat /data/file; ls /mnt/mesos/sandbox; exec sleep 600"
    await registry.push("team/app:1", {
      layers,
      config: {
        Entrypoint: ["/bin/sh", "-c", script],
        Cmd: ["from-cmd"],
        Env: ["PATH=/bin", "GREETING=hello"],
        WorkingDir: "/www",
        Volumes: { "/data": {} },
      },
    })
    const docker = { image: `${registry.host}/team/app:1` }
    await marathon.run({ id: "/contained", container: { type: "MESOS", docker } })
    await waitFor("the task to write", () => inSandbox(place, "stdout").endsWith("stdout\n"))
    expect(inSandbox(place, "stdout")).toBe("hello from-cmd\n/www\nkept\nstderr\nstdout\n")
    const layersKept = async (): Promise<number> => {
      const pruned = await fetch(`http://127.0.0.1:${place.port}/api/v1`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ type: "PRUNE_IMAGES" }),
      })
      expect(pruned.status).toBe(200)
      return readdirSync(`${place.workDir}/store/docker/layers`).length
    }
    expect(await layersKept()).toBe(1)
    await marathon.removeAll()
    await waitFor("the layer to go with its last container", async () => {
      return (await layersKept()) === 0
    })
  } finally {
    await marathon.removeAll()
    await registry.end()
  }
})

testWith(...imageParts)("what a task writes into its image counts as its disk", async () => {
  const { world, marathon, master } = await cluster(["--container-disk-watch-interval", "100ms"])
  const registry = await Registry.start(`${world.path}/registry`)
  try {
    await registry.push("team/box:1", { layers: [{ tar: new Uint8Array(await rootFileSystem()) }] })
    const docker = { image: `${registry.host}/team/box:1` }
    const cmd = "dd if=/dev/zero of=/big bs=1M count=20; exec sleep 600"
    const app = contained(cmd, { disk: 8, container: { type: "MESOS", docker } })
    await marathon.ok("POST", "/v2/apps", { cpus: 0.1, mem: 64, ...app })
    expect(await ended(master.mesosUrl)).toMatchObject({
      state: "TASK_FAILED",
      reason: "REASON_CONTAINER_LIMITATION_DISK",
      message: expect.stringMatching(/^Disk usage \(\d+[KM]B\) exceeds quota \(8MB\)$/),
    })
  } finally {
    await marathon.removeAll()
    await registry.end()
  }
})

testWith(...imageParts)("an image that cannot be had is told by name", async () => {
  const { world, marathon, master } = await cluster()
  const registry = await Registry.start(`${world.path}/registry`)
  try {
    const image = `${registry.host}/no/such:1`
    const app = contained("sleep 600", { container: { type: "MESOS", docker: { image } } })
    await marathon.ok("POST", "/v2/apps", { cpus: 0.1, mem: 32, ...app })
    expect(await ended(master.mesosUrl)).toMatchObject({
      state: "TASK_FAILED",
      reason: "REASON_CONTAINER_LAUNCH_FAILED",
      message: expect.stringContaining(image),
    })
  } finally {
    await registry.end()
  }
})

const ends = [
  { cmd: "exit 0", state: "TASK_FINISHED", message: "Command exited with status 0" },
  { cmd: "exit 7", state: "TASK_FAILED", message: "Command exited with status 7" },
  {
    cmd: "sh -c 'kill -9 $$'; exit $?",
    state: "TASK_FAILED",
    message: "Command terminated with signal Killed",
  },
]

for (const { cmd, state, message } of ends)
  testWith(...parts)(`'${cmd}' ends as ${state}`, async () => {
    const { marathon, master } = await cluster()
    await marathon.ok("POST", "/v2/apps", { cpus: 0.1, mem: 32, ...contained(cmd) })
    const status = await ended(master.mesosUrl)
    expect(status.state).toBe(state)
    expect(status.message).toBe(message)
  })

testWith(...parts)("a task that uses up its memory is told to have done so", async () => {
  const { marathon, master } = await cluster()
  const app = contained("tail /dev/zero; sleep 600", { mem: 48 })
  await marathon.ok("POST", "/v2/apps", { cpus: 0.1, ...app })
  expect(await ended(master.mesosUrl)).toMatchObject({
    state: "TASK_FAILED",
    reason: "REASON_CONTAINER_LIMITATION_MEMORY",
    message: expect.stringMatching(/^Memory limit exceeded: Requested: 48MB Maximum Used: 48MB\n/),
  })
})

testWith(...parts)("a fork bomb stays in its container, and can be ended", async () => {
  const { world, place, marathon } = await cluster(["--container-pids-limit", "64"])
  await marathon.run(contained("bomb() { bomb | bomb & }; bomb & exec sleep 600"))
  await waitFor("the bomb to go off", () => inSandbox(place, "stderr").includes("fork"))
  expect(processesOf(place.workDir).length).toBeLessThan(70)
  await marathon.removeAll(10_000)
  expect(cgroupsOf(world.path).filter((path) => existsSync(path))).toEqual([])
})

testWith(...parts)("a task that ignores SIGTERM is killed after its grace", async () => {
  const { place, marathon } = await cluster()
  const cmd = "trap '' TERM; echo up; while :; do sleep 0.1; done"
  await marathon.run(contained(cmd, { taskKillGracePeriodSeconds: 1 }))
  await waitFor("the task to listen", () => inSandbox(place, "stdout") === "up\n")
  const began = performance.now()
  await marathon.removeAll(10_000)
  expect(performance.now() - began).toBeGreaterThan(1_000)
})

testWith(...parts)("a container runs on while its agent is killed and started again", async () => {
  const { agent, start, place, marathon, master } = await cluster()
  const cmd = "echo up; until [ -e go ]; do sleep 0.02; done; exit 9"
  const before = await marathon.run(contained(cmd))
  const pid = (await lastStatus(master.mesosUrl))?.container_status?.executor_pid
  await agent.end("SIGKILL")
  await start()
  expect(await marathon.settled("/contained")).toEqual(before)
  expect(readFileSync(`/proc/${pid}/cmdline`, "latin1")).toContain("until [ -e go ]")
  await intoSandbox(place, "go")
  expect(await ended(master.mesosUrl)).toMatchObject({
    state: "TASK_FAILED",
    message: "Command exited with status 9",
  })
  expect(inSandbox(place, "stdout")).toBe("up\n")
})

testWith(...parts)("what a container ended with while the agent was away is told", async () => {
  const { world, agent, start, place, marathon, master } = await cluster()
  await marathon.run(contained("until [ -e go ]; do sleep 0.02; done; exit 8"))
  await agent.end("SIGKILL")
  await intoSandbox(place, "go")
  await waitFor("the container to end", () => {
    const [path = ""] = cgroupsOf(world.path)
    return readFileSync(`${path}/cgroup.procs`, "utf8") === ""
  })
  await start()
  expect(await ended(master.mesosUrl)).toMatchObject({
    state: "TASK_FAILED",
    message: "Command exited with status 8",
  })
})

testWith(...parts)("containers of an agent that forgot them are ended", async () => {
  const { agent, start, place, marathon, master } = await cluster()
  await marathon.run(contained("exec sleep 600"))
  const pid = (await lastStatus(master.mesosUrl))?.container_status?.executor_pid
  await agent.end("SIGKILL")
  for (const name of readdirSync(place.workDir))
    if (!["runtime", "slaves"].includes(name))
      rmSync(`${place.workDir}/${name}`, { recursive: true, force: true })
  await start()
  await waitFor("the orphan to end", () => !existsSync(`/proc/${pid}`))
})
