import { expect, test } from "bun:test"
import { readFileSync } from "node:fs"
import { busyboxImage, loadBusyboxImage } from "../fixtures/busybox-image.ts"
import { containersOf } from "../fixtures/leaks.ts"
import { Marathon } from "../fixtures/marathon.ts"
import { command, docker, testWith } from "../fixtures/system-parts.ts"
import { waitFor } from "../fixtures/wait.ts"
import { testWorlds } from "../fixtures/world.ts"

const open = testWorlds()

/** Counts once per 50 ms in the sandbox, so that a pause or a restart would show. */
const counter = "echo $$ >>pid; i=0; while :; do i=$((i+1)); echo $i >count; sleep 0.05; done"

/** A file of the only sandbox that holds one of that name. */
function sandboxFile(folder: string, name: string): string {
  const [path] = [...new Bun.Glob(`**/runs/*/${name}`).scanSync({ cwd: folder })]
  return path === undefined ? "" : readFileSync(`${folder}/${path}`, "utf8").trim()
}

test("processes run on while their agent is killed and started again", async () => {
  const world = open()
  const master = await world.master()
  const marathon = new Marathon(master.marathonUrl)
  const place = await world.place("agent")
  const agent = await world.agent(master, place)
  const before = await marathon.run({ id: "/counter", cmd: counter })
  const pid = await waitFor(
    "the task to count",
    () => sandboxFile(place.workDir, "pid") || undefined,
  )

  await agent.end("SIGKILL")
  const atKill = Number(sandboxFile(place.workDir, "count"))
  await waitFor("the task to count on without an agent", () => {
    return Number(sandboxFile(place.workDir, "count")) > atKill + 2
  })
  await world.agent(master, place)
  const atReturn = Number(sandboxFile(place.workDir, "count"))
  await waitFor("the task to count on with the new agent", () => {
    return Number(sandboxFile(place.workDir, "count")) > atReturn + 2
  })
  expect(sandboxFile(place.workDir, "pid")).toBe(pid)
  expect(await marathon.settled("/counter")).toEqual(before)

  // The new agent is in charge of it: it can be killed.
  await marathon.removeAll()
  await waitFor("the process to be gone", () => {
    try {
      process.kill(Number(pid), 0)
      return false
    } catch {
      return true
    }
  })
})

type MesosTask = { readonly id: string; readonly state: string }

const absence = [
  {
    what: "a failure",
    exit: "exit 7",
    state: "TASK_FAILED",
    failure: "Command exited with status 7",
  },
  {
    what: "a signal",
    exit: "kill -9 $$",
    state: "TASK_FAILED",
    failure: "Command terminated with signal Killed",
  },
  { what: "a success", exit: "exit 0", state: "TASK_FINISHED", failure: undefined },
]

test.each(absence)("$what while the agent is away is reported as it was", async (expected) => {
  const world = open()
  const master = await world.master()
  const marathon = new Marathon(master.marathonUrl)
  const place = await world.place("agent")
  const agent = await world.agent(master, place)
  const go = `${world.path}/go`
  const cmd = `echo $$ >pid; until [ -e ${go} ]; do sleep 0.02; done; ${expected.exit}`
  const [task] = await marathon.run({ id: "/brief", cmd, backoffSeconds: 3600 })
  const pid = await waitFor("the task to run", () => sandboxFile(place.workDir, "pid") || undefined)

  await agent.end("SIGKILL")
  await Bun.write(go, "")
  await waitFor("the task to end", () => !alive(Number(pid)))
  await world.agent(master, place)
  const ended = await waitFor("the end to be told", async () => {
    const answer = await fetch(`${master.mesosUrl}/tasks`)
    const { tasks } = (await answer.json()) as { tasks: readonly MesosTask[] }
    return tasks.find(({ id, state }) => id === task?.id && state !== "TASK_RUNNING")
  })
  expect(ended.state).toBe(expected.state)
  await waitFor(`the app to tell of ${expected.what}`, async () => {
    const { lastTaskFailure } = await marathon.app("/brief")
    return lastTaskFailure?.message === expected.failure
  })
})

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

const dockerParts = [await docker(), command("busybox")]

const dockerApp = (id: string, cmd: string) => ({
  id,
  cmd,
  container: { type: "DOCKER", docker: { image: busyboxImage } },
  networks: [{ mode: "host" }],
})

testWith(...dockerParts)(
  "containers run on while their agent is killed and started again",
  async () => {
    await loadBusyboxImage()
    const world = open()
    const master = await world.master()
    const marathon = new Marathon(master.marathonUrl)
    const place = await world.place("agent")
    const agent = await world.agent(master, place)
    const cmd = "echo hello; sleep 600"
    const before = await marathon.run(dockerApp("/boxed", cmd))
    const [container, ...others] = await containersOf(world.path)
    expect(others).toEqual([])

    await agent.end("SIGKILL")
    expect((await containersOf(world.path))[0]?.State).toBe("running")
    await world.agent(master, place)
    expect(await marathon.settled("/boxed")).toEqual(before)
    expect((await containersOf(world.path)).map(({ Id }) => Id)).toEqual([container?.Id ?? ""])
    await marathon.removeAll()
    await waitFor("the container to stop", async () => {
      return (await containersOf(world.path)).every(({ State }) => State !== "running")
    })
  },
)

testWith(...dockerParts)(
  "a container's end while the agent is away is reported with its exit code",
  async () => {
    await loadBusyboxImage()
    const world = open()
    const master = await world.master()
    const marathon = new Marathon(master.marathonUrl)
    const place = await world.place("agent")
    const agent = await world.agent(master, place)
    const cmd = "until [ -e $MESOS_SANDBOX/go ]; do sleep 0.05; done; exit 7"
    await marathon.run({ ...dockerApp("/boxed", cmd), backoffSeconds: 3600 })
    const [stdout = ""] = [...new Bun.Glob("**/runs/*/stdout").scanSync({ cwd: place.workDir })]

    await agent.end("SIGKILL")
    await Bun.write(`${place.workDir}/${stdout.replace(/stdout$/, "go")}`, "")
    await waitFor("the container to end", async () => {
      return (await containersOf(world.path)).every(({ State }) => State === "exited")
    })
    await world.agent(master, place)
    const app = await waitFor("the end to be told", async () => {
      const now = await marathon.app("/boxed")
      return now.lastTaskFailure === undefined ? undefined : now
    })
    expect(app.lastTaskFailure).toMatchObject({ state: "TASK_FAILED" })
    expect(app.lastTaskFailure?.message).toContain("exited with status 7")
  },
)

/** The id of the only agent that a master has. */
async function registeredAgent(mesosUrl: string): Promise<string> {
  const { slaves } = (await (await fetch(`${mesosUrl}/slaves`)).json()) as {
    slaves: readonly { readonly id: string; readonly active: boolean }[]
  }
  return slaves.find(({ active }) => active)?.id ?? ""
}

test("an agent that cleans up ends the tasks of the last one, and the next is a new agent", async () => {
  const world = open()
  const master = await world.master()
  const marathon = new Marathon(master.marathonUrl)
  const place = await world.place("agent")
  const agent = await world.agent(master, place)
  const before = await registeredAgent(master.mesosUrl)
  await marathon.run({ id: "/counter", cmd: counter })
  const pid = await waitFor(
    "the task to count",
    () => sandboxFile(place.workDir, "pid") || undefined,
  )
  await agent.end("SIGKILL")
  const cleaner = await world.startAgent(master, {
    ...place,
    args: [...place.args, "--recover", "cleanup"],
  })
  expect(await cleaner.exited).toBe(0)
  await waitFor("it to say why it ended", () =>
    cleaner.output().includes("all tasks have ended, as --recover=cleanup asks"),
  )
  expect(() => process.kill(Number(pid), 0)).toThrow()

  // What would stop the old agent is nothing to a new one: other resources, for example.
  await world.agent(master, { ...place, args: [...place.args, "--attributes", "rack:b"] })
  expect(await registeredAgent(master.mesosUrl)).not.toBe(before)
})
