/** A framework and an executor on a library that others wrote, from its package registry. */
import { expect } from "bun:test"
import { freePorts, type Daemon } from "../fixtures/daemons.ts"
import { buildMesosGo } from "../fixtures/mesos-go.ts"
import { command, testWith } from "../fixtures/system-parts.ts"
import { launch } from "../fixtures/executor/place.ts"
import { HttpFramework } from "../fixtures/http-framework.ts"
import { waitFor } from "../fixtures/wait.ts"
import { testWorlds } from "../fixtures/world.ts"

/** Fetching the modules and compiling them the first time; later both come from Go's caches. */
const BUILD_MS = 300_000

const open = testWorlds()
const testWithGo = testWith(command("go"))

/** Waits until the framework has said this; what it said up to then. */
async function said(framework: Daemon, line: RegExp): Promise<RegExpExecArray> {
  return await waitFor(`the framework to say ${line}`, () => line.exec(framework.output()) ?? false)
}

testWithGo(
  "a framework on mesos-go runs a task; another instance takes over and ends it",
  async () => {
    const world = open()
    const [binary, { mesosUrl }] = await Promise.all([buildMesosGo(world.path), world.up()])
    const first = world.command([binary, mesosUrl, "launch"])
    const [, id = ""] = await said(first, /^subscribed (\S+)$/m)
    await said(first, /^one TASK_RUNNING$/m)
    await first.end("SIGKILL")

    const second = world.command([binary, mesosUrl, "take-over", id])
    expect(await second.exited).toBe(0)
    expect(second.output().trimEnd().split("\n")).toEqual([
      `subscribed ${id}`,
      "one TASK_RUNNING",
      "one TASK_KILLED",
      "torn down",
    ])
    const { completed_frameworks } = (await (await fetch(`${mesosUrl}/frameworks`)).json()) as {
      completed_frameworks: readonly { readonly id: string; readonly name: string }[]
    }
    expect(completed_frameworks).toMatchObject([{ id, name: "mesos-go" }])
  },
  BUILD_MS,
)

testWithGo(
  "an instance of mesos-go that another replaces hears why",
  async () => {
    const world = open()
    const [binary, { mesosUrl }] = await Promise.all([buildMesosGo(world.path), world.up()])
    const first = world.command([binary, mesosUrl, "launch"])
    const [, id = ""] = await said(first, /^subscribed (\S+)$/m)
    await said(first, /^one TASK_RUNNING$/m)
    const second = world.command([binary, mesosUrl, "take-over", id])
    expect(await second.exited).toBe(0)
    expect(await first.exited).toBe(1)
    expect(first.output()).toContain("Framework failed over")
  },
  BUILD_MS,
)

testWithGo(
  "the example executor of mesos-go runs tasks, over a restart of its agent, until it is told to end",
  async () => {
    const world = open()
    const [binary, master] = await Promise.all([
      buildMesosGo(world.path, "executor"),
      world.master(),
    ])
    const place = await world.place("agent", ["--executor-reregistration-timeout", "15secs"])
    const agent = await world.agent(master, place)
    using framework = await HttpFramework.subscribe(master.mesosUrl)
    const executor = { command: { value: `exec ${binary}` } }
    const all = ["TASK_RUNNING", "TASK_FINISHED"]
    await launch(framework, "a", { executor })
    expect(await framework.until("a", "TASK_FINISHED")).toEqual(all)

    await agent.end("SIGKILL")
    await world.agent(master, place)
    const offer = await launch(framework, "b", { executor })
    expect(await framework.until("b", "TASK_FINISHED")).toEqual(all)
    const executor_id = { value: "worker" }
    const { agent_id } = offer
    await framework.call({ type: "SHUTDOWN", shutdown: { executor_id, agent_id } })
    const ended = await waitFor("FAILURE", () => framework.failures[0])
    expect(ended).toEqual({ executor: "worker", status: 0 })
  },
  BUILD_MS,
)

testWithGo("where the network is missing, the test says what it needs", async () => {
  const { path } = open()
  const [closed = 0] = await freePorts(1)
  const proxy = `http://127.0.0.1:${closed}`
  const env = { GOPROXY: proxy, GOMODCACHE: `${path}/modules`, GOFLAGS: "-modcacherw" }
  await expect(buildMesosGo(path, "framework", env)).rejects.toThrow(
    `GOPROXY=${proxy} does not give them: this test needs the network, or a module proxy`,
  )
})
