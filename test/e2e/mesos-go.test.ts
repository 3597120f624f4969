/** A framework on a library that others wrote, from its package registry, against the executable. */
import { expect } from "bun:test"
import { freePorts, type Daemon } from "../fixtures/daemons.ts"
import { buildMesosGo } from "../fixtures/mesos-go.ts"
import { command, testWith } from "../fixtures/system-parts.ts"
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

testWithGo("where the network is missing, the test says what it needs", async () => {
  const { path } = open()
  const [closed = 0] = await freePorts(1)
  const proxy = `http://127.0.0.1:${closed}`
  const env = { GOPROXY: proxy, GOMODCACHE: `${path}/modules`, GOFLAGS: "-modcacherw" }
  await expect(buildMesosGo(path, env)).rejects.toThrow(
    `GOPROXY=${proxy} does not give them: this test needs the network, or a module proxy`,
  )
})
