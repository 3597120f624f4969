import { afterAll, afterEach, beforeEach, describe, expect, test } from "bun:test"
import { Exits, removeCgroups, TestPlace, until } from "#lib/io/testing/containers.ts"
import { bytes, collect } from "#lib/io/testing/streams.ts"
import { exitedStatus, signaledStatus } from "#lib/io/host/wait-status.ts"
import type { ContainerSpec, ContainerStreams } from "#lib/ports/index.ts"
import { RuncRuntime } from "./runc-runtime.ts"

const never = new AbortController().signal
const usable =
  process.getuid?.() === 0 && Bun.which("runc") !== null && Bun.which("script") !== null

const CGROUPS = `dcos-test-${process.pid}`

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

afterAll(() => removeCgroups(CGROUPS))

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

/** A container with a terminal that runs. */
async function launch(command: string): Promise<ContainerSpec> {
  const ttyInfo = { windowSize: { rows: 33, columns: 111 } }
  const task = { container: { type: "MESOS" as const, ttyInfo } }
  const spec = place.spec(command, { runtime: "runc", task })
  const started = await runtime.launch(spec, never)
  if (!started.ok) throw new Error(started.error.message)
  return spec
}

async function attach(spec: ContainerSpec): Promise<ContainerStreams> {
  const streams = await runtime.attach(spec)
  if (!streams.ok) throw new Error(streams.error)
  return streams.value
}

describe.skipIf(!usable)("a container with a terminal", () => {
  test("has one of the size given, its log is what that shows, its exit code its own", async () => {
    const spec = await launch("tty; stty size; exit 7")
    expect(await exits.of(spec)).toEqual({ status: exitedStatus(7) })
    expect(place.read(spec)).toBe("/dev/pts/0\r\n33 111\r\n")
  })

  test("hears keys and changes of size, and shows its end to whoever is attached", async () => {
    const spec = await launch("echo before; while read l; do echo $l; stty size; done; exit 3")
    await until(() => place.read(spec).includes("before"))
    const streams = await attach(spec)
    const { seen, done } = collect(streams)
    await streams.write(bytes("hallo\n"))
    await until(() => seen.stdout === "hallo\r\nhallo\r\n33 111\r\n")
    streams.resize({ rows: 40, columns: 90 })
    await until(async () => {
      await streams.write(bytes("x\n"))
      return seen.stdout.endsWith("40 90\r\n")
    })
    await streams.write(bytes("\x04"))
    await done
    expect(await exits.of(spec)).toEqual({ status: exitedStatus(3) })
  })

  test("outlives the agent with it", async () => {
    const spec = await launch("echo ready; while read line; do echo got $line; done; exit 5")
    await until(() => place.read(spec).includes("ready"))
    await runtime.close()
    runtime = open()
    expect(await runtime.recover(spec)).toMatchObject({ kind: "running" })
    const streams = await attach(spec)
    const { seen, done } = collect(streams)
    await streams.write(bytes("moin\n"))
    await until(() => seen.stdout === "moin\r\ngot moin\r\n")
    await streams.write(bytes("\x04"))
    await done
    expect(await exits.of(spec)).toEqual({ status: exitedStatus(5) })
  })

  test("ends by a signal as others do", async () => {
    const spec = await launch("echo ready; exec sleep 1000")
    await until(() => place.read(spec).includes("ready"))
    await runtime.kill(spec.containerId, { force: false })
    expect(await exits.of(spec)).toEqual({ status: signaledStatus(15) })
    const stubborn = await launch("trap : TERM; echo ready; while :; do sleep 0.1; done")
    await until(() => place.read(stubborn).includes("ready"))
    await runtime.kill(stubborn.containerId, { force: true })
    expect(await exits.of(stubborn)).toEqual({ status: signaledStatus(9) })
  })

  test("is ended by the next life of the agent when nobody knows it", async () => {
    const spec = await launch("exec sleep 1000")
    await runtime.close()
    runtime = open()
    expect(await runtime.removeOrphans(new Set())).toEqual([spec.containerId])
    expect(await runtime.recover(spec)).toEqual({ kind: "unknown" })
  })

  test("that cannot be run says why", async () => {
    const ttyInfo = {}
    const command = { shell: false, value: "/no/such/program" }
    const task = { container: { type: "MESOS" as const, ttyInfo } }
    const spec = place.spec(command, { runtime: "runc", task })
    const started = await runtime.launch(spec, never)
    expect(started).toMatchObject({ ok: false })
    expect(started.ok ? "" : started.error.message).toContain("/no/such/program")
  })
})
