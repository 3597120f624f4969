import { afterAll, afterEach, beforeEach, describe, expect, test } from "bun:test"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import type { Resource } from "#lib/mesos/index.ts"
import { signaledStatus } from "#lib/io/host/wait-status.ts"
import { Exits, TestPlace, until } from "#lib/io/testing/containers.ts"
import { Cgroups } from "./cgroups.ts"
import type { ContainerId } from "#lib/ports/index.ts"
import { readStat } from "#lib/io/host/proc.ts"
import { ProcessRuntime } from "./process-runtime.ts"
import { describeWith } from "../../../test/fixtures/system-parts.ts"

const NAME = `dcos-test-${process.pid}`
const BOTH = { cpu: true, memory: true }

const scalarOf = (name: string, amount: number): Resource => ({
  name,
  value: { kind: "scalar", milli: amount * 1000 },
  reservations: [],
})

function whyNot(): string | undefined {
  try {
    new Cgroups({ name: NAME, ...BOTH }).prepare()
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
    const cgroups = new Cgroups({ name: "mesos", ...BOTH }, mount)
    expect(() => cgroups.prepare()).toThrow("the kernel offers no")
    for (const file of ["memory.max", "cpu.weight"]) writeFileSync(`${mount}/mesos/${file}`, "")
    cgroups.prepare()
    expect(readFileSync(`${mount}/mesos/cgroup.subtree_control`, "utf8")).toBe("+cpu +memory")
    const spec = place.spec("true", {
      task: {
        resources: [scalarOf("cpus", 0.5), scalarOf("mem", 64)],
        limits: { cpus: { value: 2 }, mem: { value: 128 } },
      },
    })
    const { containerId } = spec
    const group = `${mount}/mesos/${containerId}`
    mkdirSync(group)
    const files = ["cpu.weight", "cpu.max", "memory.low", "memory.max", "memory.oom.group"]
    for (const file of [...files, "cgroup.procs"]) writeFileSync(`${group}/${file}`, "")
    expect(cgroups.create(spec)).toEqual([group])
    expect(files.map((file) => readFileSync(`${group}/${file}`, "utf8"))).toEqual([
      "50",
      "200000 100000",
      `${64 * 1024 * 1024}`,
      `${128 * 1024 * 1024}`,
      "1",
    ])
    writeFileSync(`${group}/cgroup.procs`, "7\n8\n")
    expect(cgroups.members(containerId)).toEqual([7, 8])
    expect(cgroups.outOfMemory(containerId)).toBeUndefined()
    writeFileSync(`${group}/memory.events`, "oom 1\noom_kill 1\noom_group_kill 0\n")
    writeFileSync(`${group}/memory.peak`, `${128 * 1024 * 1024}`)
    writeFileSync(`${group}/memory.stat`, "anon 7\n")
    expect(cgroups.outOfMemory(containerId)).toEqual({
      reason: "REASON_CONTAINER_LIMITATION_MEMORY",
      message:
        "Memory limit exceeded: Requested: 128MB Maximum Used: 128MB\n\nMEMORY STATISTICS: \nanon 7\n",
      resources: [scalarOf("mem", 128)],
    })
    expect(cgroups.limitsMemory(spec)).toBe(true)
  })

  test("sets limits anew, and takes no memory away", () => {
    const mount = `${place.root}/cgroup`
    mkdirSync(mount)
    writeFileSync(`${mount}/cgroup.controllers`, "cpu memory")
    const cgroups = new Cgroups({ name: "mesos", ...BOTH }, mount)
    const sized = (cpus: number, mem: number) =>
      place.spec("true", { task: { resources: [scalarOf("cpus", cpus), scalarOf("mem", mem)] } })
    const spec = sized(1, 64)
    const group = `${mount}/mesos/${spec.containerId}`
    mkdirSync(group, { recursive: true })
    const files = ["cpu.weight", "memory.low", "memory.max"]
    for (const file of files) writeFileSync(`${group}/${file}`, "")
    cgroups.create(spec)
    const resized = (cpus: number, mem: number): readonly string[] => {
      cgroups.resize({ ...spec, task: sized(cpus, mem).task })
      return files.map((file) => readFileSync(`${group}/${file}`, "utf8"))
    }
    const mib = (amount: number): string => `${amount * 1024 * 1024}`
    expect(resized(2, 128)).toEqual(["200", mib(128), mib(128)])
    expect(resized(1, 64)).toEqual(["100", mib(64), mib(128)])
    writeFileSync(`${group}/memory.max`, "max\n")
    expect(resized(1, 256)).toEqual(["100", mib(256), "max\n"])
  })

  test("lifts limits that a container has no longer, but leaves memory it may use", () => {
    const mount = `${place.root}/cgroup`
    mkdirSync(`${mount}/mesos`, { recursive: true })
    writeFileSync(`${mount}/cgroup.controllers`, "cpu memory")
    const cgroups = new Cgroups({ name: "mesos", ...BOTH }, mount)
    const resources = [scalarOf("cpus", 1), scalarOf("mem", 64)]
    const limited = (limits: Readonly<Record<string, { value: number }>>) => ({
      ...spec,
      task: { ...spec.task, resources, limits },
    })
    const spec = place.spec("true", { task: { resources } })
    const group = `${mount}/mesos/${spec.containerId}`
    mkdirSync(group)
    const files = ["cpu.max", "memory.max"]
    for (const file of files) writeFileSync(`${group}/${file}`, "")
    const settings = () => files.map((file) => readFileSync(`${group}/${file}`, "utf8"))
    const bytes = `${128 * 1024 * 1024}`
    cgroups.create(limited({ cpus: { value: 2 }, mem: { value: 128 } }))
    expect(settings()).toEqual(["200000 100000", bytes])
    cgroups.resize(limited({ mem: { value: 64 } }))
    expect(settings()).toEqual(["max 100000", bytes])
    cgroups.resize(limited({ mem: { value: Infinity } }))
    expect(settings()).toEqual(["max 100000", "max"])
    cgroups.resize(limited({ mem: { value: 64 } }))
    expect(settings()).toEqual(["max 100000", "max"])
  })

  test("leaves memory that containers share to those who measure it", () => {
    const mount = `${place.root}/cgroup`
    mkdirSync(mount)
    writeFileSync(`${mount}/cgroup.controllers`, "cpu memory")
    const cgroups = new Cgroups({ name: "mesos", ...BOTH }, mount)
    const alone = place.spec("true", { task: { resources: [scalarOf("mem", 64)] } })
    const member = { ...alone, containerId: `${alone.containerId}.a` as ContainerId }
    const group = `${mount}/mesos/${member.containerId}`
    mkdirSync(group, { recursive: true })
    writeFileSync(`${group}/memory.max`, "max")
    cgroups.create(member)
    expect(readFileSync(`${group}/memory.max`, "utf8")).toBe("max")
    expect(cgroups.limitsMemory(member)).toBe(false)
  })
})

describeWith({ name: "cgroups", missing })("on this machine", () => {
  let exits: Exits
  let runtime: ProcessRuntime
  beforeEach(() => {
    exits = new Exits()
    const { runtimeDir } = place
    runtime = new ProcessRuntime({
      runtimeDir,
      address: "127.0.0.1",
      cgroups: { name: NAME, ...BOTH },
    })
    runtime.onExit(exits.listen)
  })
  afterEach(() => runtime.close())
  afterAll(() => {
    new Cgroups({ name: NAME, ...BOTH }).close()
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
        message: expect.stringContaining(
          "Memory limit exceeded: Requested: 32MB Maximum Used: 32MB\n\nMEMORY STATISTICS: \ncache ",
        ),
        resources: [scalarOf("mem", 32)],
      },
    })
    await runtime.forget(spec)
  })

  test("a task may use the memory that it is given later", async () => {
    await runtime.available()
    const go = `${place.root}/go`
    const use = "dd if=/dev/zero of=/dev/null bs=100M count=1"
    const spec = await launch(`until [ -e ${go} ]; do sleep 0.01; done; ${use}`, 32)
    const task = { ...spec.task, resources: [scalarOf("cpus", 0.1), scalarOf("mem", 256)] }
    expect(await runtime.resize({ ...spec, task })).toEqual({ ok: true, value: undefined })
    writeFileSync(go, "")
    expect(await exits.of(spec)).toEqual({ status: 0 })
    await runtime.forget(spec)
    expect(await runtime.resize(spec)).toEqual({ ok: true, value: undefined })
  })

  test("a container of which the kernel killed only a part has used up its memory", async () => {
    await runtime.available()
    const spec = await launch("dd if=/dev/zero of=/dev/null bs=300M count=1; sleep 1000", 32)
    const excess = async () => (await runtime.findExcesses?.())?.get(spec.containerId)
    await until(async () => (await excess()) !== undefined)
    expect((await excess())?.reason).toBe("REASON_CONTAINER_LIMITATION_MEMORY")
    await runtime.kill(spec.containerId, { force: true })
    await exits.of(spec)
    await runtime.forget(spec)
  })

  test("what runs beside a task is within its limits", async () => {
    await runtime.available()
    const spec = await launch("sleep 1000", 32)
    const value = "cat /proc/self/cgroup"
    const outcome = await runtime.runIn(spec, { command: { value }, timeoutMs: 5000 })
    expect(outcome).toMatchObject({
      status: 0,
      output: expect.stringContaining(`:/${NAME}/${spec.containerId}`),
    })
    const session = {
      ...place.spec("sleep 1000"),
      parent: spec.containerId,
      debug: true as const,
    }
    const started = await runtime.launch(session, new AbortController().signal)
    expect(started.ok).toBe(true)
    const members = new Cgroups({ name: NAME, ...BOTH }).members(spec.containerId)
    expect(members.length).toBeGreaterThan(1)
    await runtime.kill(spec.containerId, { force: true })
    await exits.of(spec)
    await exits.of(session)
    await runtime.forget(session)
    await until(() => new Cgroups({ name: NAME, ...BOTH }).remove(spec.containerId))
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
    await until(() => new Cgroups({ name: NAME, ...BOTH }).remove(spec.containerId))
    await runtime.forget(spec)
  })
})
