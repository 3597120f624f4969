import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import { readFileSync } from "node:fs"
import type { LinuxInfo, TaskInfo } from "#lib/mesos/index.ts"
import { Exits, TestPlace, until } from "#lib/io/testing/containers.ts"
import type { ContainerId, ContainerSpec } from "#lib/ports/index.ts"
import { RuncRuntime } from "./runc-runtime.ts"

const never = new AbortController().signal
const usable = process.getuid?.() === 0 && Bun.which("runc") !== null
const CGROUPS = `dcos-test-${process.pid}`
const MIB = 2 ** 20

let place: TestPlace
let exits: Exits
let runtime: RuncRuntime

const open = (): RuncRuntime => {
  const opened = new RuncRuntime({
    runtimeDir: place.runtimeDir,
    rootsDir: `${place.root}/roots`,
    address: "10.1.2.3",
    settings: { cgroupsRoot: CGROUPS },
  })
  opened.onExit(exits.listen)
  return opened
}

beforeEach(() => {
  place = new TestPlace()
  exits = new Exits()
  runtime = open()
})

afterEach(async () => {
  await runtime.removeOrphans(new Set())
  await runtime.close()
  place[Symbol.dispose]()
})

const mem = (mib: number): NonNullable<TaskInfo["resources"]>[number] => ({
  name: "mem",
  value: { kind: "scalar", milli: mib * 1000 },
  reservations: [],
})

const cpus = (amount: number) => ({ ...mem(amount), name: "cpus" })

/** What a member has beyond the ordinary. */
type Member = {
  readonly linuxInfo?: LinuxInfo
  readonly task?: Partial<TaskInfo>
  readonly spec?: Partial<ContainerSpec>
}

/** A member of a group that runs. */
async function launch(
  name: string,
  command: string,
  mib: number,
  more: Member = {},
): Promise<ContainerSpec> {
  const container = { type: "MESOS" as const, linuxInfo: more.linuxInfo ?? {} }
  const task = { resources: [mem(mib)], container, ...more.task }
  const spec = {
    ...place.spec(command, { runtime: "runc", task }),
    ...more.spec,
    containerId: `pod-${process.pid}.${name}` as ContainerId,
  }
  const started = await runtime.launch(spec, never)
  if (!started.ok) throw new Error(started.error.message)
  return spec
}

/** The first number of a group's file in whichever version of cgroups; undefined where it has none. */
function valueOf(path: string, one: string, two: string): number | undefined {
  for (const file of [`${one.split(".", 1).join("")}${path}/${one}`, `${path.slice(1)}/${two}`])
    try {
      const value = Number.parseInt(readFileSync(`/sys/fs/cgroup/${file}`, "latin1"))
      return value >= 0 && value < 2 ** 60 ? value : undefined
    } catch {
      // The other version.
    }
  return undefined
}

/** The hard limit of a group in MiB; undefined where it has none. */
function limitOf(path: string): number | undefined {
  const bytes = valueOf(path, "memory.limit_in_bytes", "memory.max")
  return bytes === undefined ? undefined : bytes / MIB
}
const softOf = (path: string) => valueOf(path, "memory.soft_limit_in_bytes", "memory.low")
const weightOf = (path: string) => valueOf(path, "cpu.shares", "cpu.weight")
const quotaOf = (path: string) => valueOf(path, "cpu.cfs_quota_us", "cpu.max")

const family = `/${CGROUPS}/pod-${process.pid}`
const ofMember = (name: string): number | undefined => limitOf(`${family}/${CGROUPS}/${name}`)

describe.skipIf(!usable)("members of a group", () => {
  test("share their memory, which grows with each that joins and is not taken away", async () => {
    const a = await launch("a", "exec sleep 1000", 64)
    expect([limitOf(family), ofMember("a")]).toEqual([64, undefined])
    await launch("b", "exec sleep 1000", 100)
    expect([limitOf(family), ofMember("b")]).toEqual([164, undefined])
    await runtime.kill(a.containerId, { force: true })
    await exits.of(a)
    await runtime.forget(a)
    await launch("c", "exec sleep 1000", 32)
    expect(limitOf(family)).toBe(164)
  })

  test("have room that their family had before the agent was restarted", async () => {
    const a = await launch("a", "exec sleep 1000", 64)
    await runtime.close()
    runtime = open()
    expect(await runtime.recover(a)).toMatchObject({ kind: "running" })
    await launch("b", "exec sleep 1000", 64)
    expect(limitOf(family)).toBe(128)
  })

  test("may use what the others leave, and no more together than all", async () => {
    // In a variable of the shell: about twice as much while it is made.
    const take = (mib: number): string =>
      `dd if=/dev/zero bs=${mib}M count=1 2>/dev/null | (sleep 1000 & cat >/dev/shm/x; echo full; wait)`
    const small = await launch("small", "exec sleep 1000", 80)
    const large = await launch("large", take(60), 48)
    await until(() => place.read(large) === "full\n")
    const greedy = await launch("greedy", take(400), 32)
    const exit = await exits.of(greedy)
    expect(exit.limitation?.reason).toBe("REASON_CONTAINER_LIMITATION_MEMORY")
    expect(exit.limitation?.message).toContain("Requested: 160MB")
    await runtime.kill(small.containerId, { force: true })
  })

  test("may use what their executor has itself; without a limit, all there is", async () => {
    const shared = [mem(32)]
    await launch("a", "exec sleep 1000", 64, { spec: { shared } })
    expect(limitOf(family)).toBe(96)
    await launch("b", "exec sleep 1000", 64, { spec: { shared } })
    expect(limitOf(family)).toBe(160)
    const limits = { mem: { value: Infinity } }
    await launch("c", "exec sleep 1000", 64, { spec: { shared }, task: { limits } })
    expect(limitOf(family)).toBeUndefined()
  })

  test("that end give back their weight and what is kept for them", async () => {
    const [a, b] = [
      await launch("a", "exec sleep 1000", 64, { task: { resources: [mem(64), cpus(2)] } }),
      await launch("b", "exec sleep 1000", 64, { task: { resources: [mem(64), cpus(1)] } }),
    ]
    const kept = () => [weightOf(family), softOf(family)]
    const [weight, soft] = kept()
    await runtime.kill(a.containerId, { force: true })
    await exits.of(a)
    await runtime.forget(a)
    expect(kept()).toEqual([weight! / 3, soft! / 2])
    expect(limitOf(family)).toBe(128)
    await runtime.kill(b.containerId, { force: true })
    await exits.of(b)
    await runtime.forget(b)
  })

  test("have a limit of cpus where each of them has one", async () => {
    const limits = { cpus: { value: 2 } }
    await launch("a", "exec sleep 1000", 64, { task: { resources: [mem(64), cpus(1)], limits } })
    expect(quotaOf(family)).toBe(200_000)
    const b = await launch("b", "exec sleep 1000", 64, { task: { resources: [mem(64), cpus(1)] } })
    expect(quotaOf(family)).toBeUndefined()
    await runtime.kill(b.containerId, { force: true })
    await exits.of(b)
    await runtime.forget(b)
    expect(quotaOf(family)).toBe(200_000)
  })

  test("that have limits of their own keep them", async () => {
    await launch("a", "exec sleep 1000", 64)
    await launch("b", "exec sleep 1000", 48, { linuxInfo: { shareCgroups: false } })
    expect([limitOf(family), ofMember("a"), ofMember("b")]).toEqual([112, undefined, 48])
  })
})
