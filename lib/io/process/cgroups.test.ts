import { afterAll, afterEach, beforeEach, describe, expect, test } from "bun:test"
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs"
import type { Resource } from "#lib/mesos/index.ts"
import { signaledStatus } from "#lib/io/host/wait-status.ts"
import { Exits, TestPlace, until } from "#lib/io/testing/containers.ts"
import { Cgroups } from "./cgroups.ts"
import { readStat } from "#lib/io/host/proc.ts"
import { ProcessRuntime } from "./process-runtime.ts"
import { describeWith } from "../../../test/fixtures/system-parts.ts"

const NAME = `dcos-test-${process.pid}`

const scalarOf = (name: string, amount: number): Resource => ({
  name,
  value: { kind: "scalar", milli: amount * 1000 },
  reservations: [],
})

function whyNot(): string | undefined {
  try {
    new Cgroups(NAME).prepare()
    return undefined
  } catch (cause) {
    return `cgroups cannot be written: ${String(cause)}`
  }
}
const missing = whyNot()

let place: TestPlace
beforeEach(() => {
  place = new TestPlace()
})
afterEach(() => place[Symbol.dispose]())

describe("version 2", () => {
  test("sets weight, quota and memory, the whole group ending when memory is used up", () => {
    const mount = `${place.root}/cgroup`
    mkdirSync(mount)
    writeFileSync(`${mount}/cgroup.controllers`, "cpu memory")
    const cgroups = new Cgroups("mesos", mount)
    expect(() => cgroups.prepare()).toThrow("the kernel offers no")
    for (const file of ["memory.max", "cpu.weight"]) writeFileSync(`${mount}/mesos/${file}`, "")
    cgroups.prepare()
    expect(readFileSync(`${mount}/mesos/cgroup.subtree_control`, "utf8")).toBe("+cpu +memory")
    const { containerId, task } = place.spec("true", {
      task: {
        resources: [scalarOf("cpus", 0.5), scalarOf("mem", 64)],
        limits: { cpus: { value: 2 }, mem: { value: 128 } },
      },
    })
    const group = `${mount}/mesos/${containerId}`
    mkdirSync(group)
    const files = ["cpu.weight", "cpu.max", "memory.low", "memory.max", "memory.oom.group"]
    for (const file of [...files, "cgroup.procs"]) writeFileSync(`${group}/${file}`, "")
    expect(cgroups.create(containerId, task)).toEqual([group])
    expect(files.map((file) => readFileSync(`${group}/${file}`, "utf8"))).toEqual([
      "50",
      "200000 100000",
      `${64 * 1024 * 1024}`,
      `${128 * 1024 * 1024}`,
      "1",
    ])
    writeFileSync(`${group}/cgroup.procs`, "7\n8\n")
    expect(cgroups.members(containerId)).toEqual([7, 8])
    expect(cgroups.ranOutOfMemory(containerId)).toBe(false)
    writeFileSync(`${group}/memory.events`, "oom 1\noom_kill 1\noom_group_kill 0\n")
    expect(cgroups.ranOutOfMemory(containerId)).toBe(true)
  })
})

describeWith({ name: "cgroups", missing })("on this machine", () => {
  let exits: Exits
  let runtime: ProcessRuntime
  beforeEach(() => {
    exits = new Exits()
    const { runtimeDir } = place
    runtime = new ProcessRuntime({ runtimeDir, address: "127.0.0.1", cgroups: NAME })
    runtime.onExit(exits.listen)
  })
  afterEach(() => runtime.close())
  afterAll(() => {
    for (const parent of ["", "/memory", "/cpu"])
      if (existsSync(`/sys/fs/cgroup${parent}/${NAME}`))
        rmdirSync(`/sys/fs/cgroup${parent}/${NAME}`)
  })

  const launch = async (command: string, mem: number) => {
    const spec = place.spec(command, {
      task: { resources: [scalarOf("cpus", 0.1), scalarOf("mem", mem)] },
    })
    const started = await runtime.launch(spec, new AbortController().signal)
    if (!started.ok) throw new Error(started.error.message)
    return spec
  }

  test("a task that uses up its memory ends with that limitation", async () => {
    expect(await runtime.available()).toEqual({ ok: true, value: undefined })
    const spec = await launch("exec dd if=/dev/zero of=/dev/null bs=300M count=1", 32)
    expect(await exits.of(spec)).toEqual({
      status: signaledStatus(9),
      limitation: {
        reason: "REASON_CONTAINER_LIMITATION_MEMORY",
        message: "Memory limit exceeded: the container may use 32 MB",
        resources: [scalarOf("mem", 32)],
      },
    })
    await runtime.forget(spec)
  })

  test("a process that hides everywhere else is still found, and the groups go", async () => {
    const hide = "setsid env -i sh -c 'sleep 1000 & echo $! > hidden' & wait; sleep 1000"
    const spec = await launch(hide, 64)
    await until(() => place.read(spec, "hidden").endsWith("\n"))
    const pid = Number(place.read(spec, "hidden"))
    await runtime.kill(spec.containerId, { force: true })
    await exits.of(spec)
    await until(() => ["Z", undefined].includes(readStat(pid)?.state))
    await until(() => new Cgroups(NAME).remove(spec.containerId))
    await runtime.forget(spec)
  })
})
