/** A machine that is restarted, or that lacks what containers are run with. */
import { afterEach, expect } from "bun:test"
import { chmodSync, copyFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { basename } from "node:path"
import { busyboxImage, loadBusyboxImage } from "../fixtures/busybox-image.ts"
import { HttpFramework, scalar, type Resource, type Status } from "../fixtures/http-framework.ts"
import { containersOf, processesOf } from "../fixtures/leaks.ts"
import {
  command,
  docker,
  dockerSocket,
  rootUser,
  testWith,
  type Part,
} from "../fixtures/system-parts.ts"
import { waitFor } from "../fixtures/wait.ts"
import { executable, testWorlds, type AgentPlace, type World } from "../fixtures/world.ts"

const frameworks: HttpFramework[] = []
afterEach(() => {
  for (const framework of frameworks.splice(0)) framework[Symbol.dispose]()
})
const open = testWorlds()

const [role, principal] = ["db", "db-principal"]
const info = {
  principal,
  roles: [role],
  capabilities: ["MULTI_ROLE", "RESERVATION_REFINEMENT", "PARTITION_AWARE"].map((type) => ({
    type,
  })),
}

async function subscribe(mesosUrl: string): Promise<HttpFramework> {
  const framework = await HttpFramework.subscribe(mesosUrl, { info })
  frameworks.push(framework)
  return framework
}

const statusOf = (framework: HttpFramework, state: string): Promise<Status> =>
  waitFor(state, () => framework.statuses.find((status) => status.state === state))

/** Ends all that runs for an agent that is dead, at once; what is on the disk stays. */
async function endAll({ workDir }: AgentPlace): Promise<void> {
  // Docker's daemon finds its containers dead when it is back.
  for (const { Id } of await containersOf(workDir))
    await fetch(`http://docker/containers/${Id}/kill`, { unix: dockerSocket, method: "POST" })
  for (const signal of ["SIGSTOP", "SIGKILL"] as const)
    for (const pid of processesOf(workDir)) process.kill(pid, signal)
  await waitFor("everything to end", () => processesOf(workDir).length === 0)
}

/** The agent as the machine's next run of the kernel starts it. */
function afterReboot(world: World, place: AgentPlace): AgentPlace {
  const [program, id] = [`${world.path}/rebooted`, `${world.path}/boot_id`]
  writeFileSync(id, `${crypto.randomUUID()}\n`)
  const bind = `mount --bind ${id} /proc/sys/kernel/random/boot_id`
  const script = `#!/bin/sh\nexec unshare --mount sh -c '${bind} && exec ${executable} "$@"' sh "$@"\n`
  writeFileSync(program, script)
  chmodSync(program, 0o755)
  return { ...place, program }
}

const runc = [rootUser, command("runc"), command("conmon")]

type Containerizer = {
  readonly name: string
  readonly parts: readonly Part[]
  readonly container: object | undefined
}

const containerizers: readonly Containerizer[] = [
  { name: "process", parts: [rootUser], container: undefined },
  { name: "runc", parts: runc, container: { type: "MESOS" } },
  {
    name: "Docker",
    parts: [rootUser, await docker(), command("busybox")],
    container: { type: "DOCKER", docker: { image: busyboxImage, network: "HOST" } },
  },
]

const reserved = (resource: Resource): Resource => ({
  ...resource,
  allocation_info: { role },
  reservations: [{ type: "DYNAMIC", role, principal }],
})
const volume: Resource = {
  ...reserved(scalar("disk", 8)),
  disk: {
    persistence: { id: "data", principal },
    volume: { container_path: "data", mode: "RW" },
  },
}
const isVolume = ({ disk }: Resource): boolean => disk?.persistence?.id === "data"

for (const { name, parts, container } of containerizers)
  testWith(...parts)(
    `after a restart of the machine its tasks have failed, its volumes are there: ${name}`,
    async () => {
      if (name === "Docker") await loadBusyboxImage()
      const world = open()
      const master = await world.master({
        args: ["--agent-ping-timeout", "500ms", "--max-agent-ping-timeouts", "3"],
      })
      const own = await world.place("agent")
      const args = own.args.map((word) => word.replace("mem:1024", "mem:1024;disk:64"))
      const place = { ...own, args }
      const agent = await world.agent(master, place)
      const framework = await subscribe(master.mesosUrl)
      const offer = await framework.offer()
      await framework.accept(offer, [
        { type: "RESERVE", reserve: { resources: [reserved(scalar("disk", 8))] } },
        { type: "CREATE", create: { volumes: [volume] } },
      ])
      await framework.launch(await framework.offer(({ resources }) => resources.some(isVolume)), {
        taskId: "task",
        command: "sleep 1000",
        container,
        resources: [scalar("cpus", 0.1), scalar("mem", 32)],
      })
      await framework.until("task", "TASK_RUNNING")

      await agent.end("SIGKILL")
      await endAll(place)
      expect(await statusOf(framework, "TASK_UNREACHABLE")).toMatchObject({
        source: "SOURCE_MASTER",
        reason: "REASON_AGENT_REMOVED",
      })

      await world.agent(master, afterReboot(world, place))
      expect(await statusOf(framework, "TASK_FAILED")).toMatchObject({
        source: "SOURCE_AGENT",
        reason: "REASON_EXECUTOR_TERMINATED",
        message: "the machine was restarted",
        agent_id: offer.agent_id,
      })
      const after = await framework.offer(({ resources }) => resources.some(isVolume))
      expect(after.agent_id).toEqual(offer.agent_id)
    },
  )

const BINARIES = ["runc", "conmon"] as const

/** An agent that finds runc and conmon in a folder of the test's, and nowhere else. */
function withTools(world: World, place: AgentPlace): AgentPlace & { readonly tools: string } {
  const [program, tools] = [`${world.path}/with-tools`, `${world.path}/tools`]
  mkdirSync(tools)
  const found = BINARIES.map((name) =>
    Bun.which(name, { PATH: `${process.env["PATH"]}:/usr/sbin` }),
  )
  for (const path of found) copyFileSync(path ?? "", `${tools}/${basename(path ?? "")}`)
  const hide = found.map((path) => `mount --bind /dev/null ${path}`).join(" && ")
  const run = `PATH=${tools}:$PATH exec ${executable} "$@"`
  writeFileSync(program, `#!/bin/sh\nexec unshare --mount sh -c '${hide} && ${run}' sh "$@"\n`)
  chmodSync(program, 0o755)
  return { ...place, program, tools }
}

testWith(...runc)("runc or conmon may be missing at any time", async () => {
  const world = open()
  const master = await world.master()
  const own = await world.place("agent")
  const args = own.args.map((word) => (word === dockerSocket ? `${world.path}/none` : word))
  const { tools, ...place } = withTools(world, { ...own, args })
  const agent = await world.agent(master, place)
  const framework = await subscribe(master.mesosUrl)
  const launch = async (taskId: string, command: string, more: object = {}) =>
    framework.launch(await framework.offer(), {
      taskId,
      command,
      container: { type: "MESOS", ...more },
    })
  const end = (taskId: string): Promise<Status> =>
    waitFor(`the end of ${taskId}`, () =>
      framework.statuses.find(
        ({ task_id, state }) => task_id.value === taskId && /FAILED|FINISHED/.test(state),
      ),
    )
  await launch("waits", "until [ -e go ]; do sleep 0.02; done; exit 7")
  await framework.until("waits", "TASK_RUNNING")

  for (const name of BINARIES) {
    renameSync(`${tools}/${name}`, `${tools}/no-${name}`)
    await launch(`without-${name}`, "true")
    expect(await end(`without-${name}`)).toMatchObject({
      state: "TASK_FAILED",
      source: "SOURCE_AGENT",
      reason: "REASON_CONTAINER_LAUNCH_FAILED",
      message: `runc containers need ${name}: install ${name}`,
    })
    renameSync(`${tools}/no-${name}`, `${tools}/${name}`)
  }
  await launch("again", "true")
  expect((await end("again")).state).toBe("TASK_FINISHED")

  // An agent that starts without them says so, and still has what runs.
  await agent.end("SIGKILL")
  for (const name of BINARIES) rmSync(`${tools}/${name}`)
  const next = await world.agent(master, place)
  await waitFor("it to say so", () =>
    next
      .output()
      .includes("no runc containers: runc containers need runc and conmon: install runc, conmon"),
  )
  await launch("image", "true", { mesos: { image: { type: "DOCKER", docker: { name: "x" } } } })
  expect(await end("image")).toMatchObject({
    state: "TASK_FAILED",
    source: "SOURCE_AGENT",
    reason: "REASON_CONTAINER_LAUNCH_FAILED",
    message:
      "The task needs a container image, and this agent has found nothing to run it with: install runc and conmon, or start the Docker daemon, then restart the agent",
  })
  const [stdout = ""] = new Bun.Glob("slaves/**/executors/waits/runs/*/stdout").scanSync({
    cwd: place.workDir,
  })
  writeFileSync(`${place.workDir}/${stdout.replace(/stdout$/, "go")}`, "")
  expect(await end("waits")).toMatchObject({
    state: "TASK_FAILED",
    message: "Command exited with status 7",
  })
})
