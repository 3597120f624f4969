/** A framework on a library that others wrote, from its package registry, against the executable. */
import { expect } from "bun:test"
import { cpSync } from "node:fs"
import { join } from "node:path"
import type { Daemon } from "../fixtures/daemons.ts"
import { command, testWith } from "../fixtures/system-parts.ts"
import { waitFor } from "../fixtures/wait.ts"
import { testWorlds } from "../fixtures/world.ts"

/** Fetching the modules and compiling them the first time; later both come from Go's caches. */
const BUILD_MS = 300_000

const open = testWorlds()
const testWithGo = testWith(command("go"))

/** Builds the framework in this folder; the path of its executable. */
async function build(folder: string): Promise<string> {
  const source = join(folder, "mesos-go")
  cpSync(join(import.meta.dir, "../fixtures/mesos-go"), source, { recursive: true })
  const binary = join(folder, "framework")
  const go = Bun.spawn(["go", "build", "-mod=readonly", "-o", binary, "."], {
    cwd: source,
    // Without C: a compiler for it may be missing.
    env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "-buildvcs=false" },
    stderr: "pipe",
  })
  const [code, errors] = await Promise.all([go.exited, new Response(go.stderr).text()])
  if (code !== 0) throw new Error(`go build ended with ${code}: ${errors}`)
  return binary
}

/** Waits until the framework has said this; what it said up to then. */
async function said(framework: Daemon, line: RegExp): Promise<RegExpExecArray> {
  return await waitFor(`the framework to say ${line}`, () => line.exec(framework.output()) ?? false)
}

testWithGo(
  "a framework on mesos-go runs a task; another instance takes over and ends it",
  async () => {
    const world = open()
    const [binary, { mesosUrl }] = await Promise.all([build(world.path), world.up()])
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
    const [binary, { mesosUrl }] = await Promise.all([build(world.path), world.up()])
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
