import { afterEach, beforeEach, expect, test } from "bun:test"
import { appendFileSync, truncateSync } from "node:fs"
import { Exits, TestPlace, until } from "#lib/io/testing/containers.ts"
import { bytes, collect } from "#lib/io/testing/streams.ts"
import { exitedStatus, signaledStatus } from "#lib/io/host/wait-status.ts"
import type { ContainerSpec, ContainerStreams } from "#lib/ports/index.ts"
import { ProcessRuntime } from "./process-runtime.ts"

const never = new AbortController().signal

let place: TestPlace
let exits: Exits
let runtime: ProcessRuntime
const launched: ContainerSpec[] = []

const open = (): ProcessRuntime => {
  const opened = new ProcessRuntime({ runtimeDir: place.runtimeDir, address: "10.1.2.3" })
  opened.onExit(exits.listen)
  return opened
}

beforeEach(() => {
  place = new TestPlace()
  exits = new Exits()
  runtime = open()
})

afterEach(async () => {
  for (const spec of launched.splice(0)) {
    await runtime.kill(spec.containerId, { force: true })
    await runtime.forget(spec)
  }
  await runtime.close()
  place[Symbol.dispose]()
})

/** A task with a terminal that runs. */
async function launch(command: string): Promise<ContainerSpec> {
  const ttyInfo = { windowSize: { rows: 33, columns: 111 } }
  const spec = place.spec(command, { task: { container: { type: "MESOS", ttyInfo } } })
  launched.push(spec)
  const started = await runtime.launch(spec, never)
  if (!started.ok) throw new Error(started.error.message)
  return spec
}

async function attach(spec: ContainerSpec): Promise<ContainerStreams> {
  const streams = await runtime.attach(spec)
  if (!streams.ok) throw new Error(streams.error)
  return streams.value
}

test("a task's terminal has the size given, and its log is what it shows", async () => {
  const spec = await launch("tty; stty size; exit 7")
  expect(await exits.of(spec)).toEqual({ status: exitedStatus(7) })
  expect(place.read(spec)).toMatch(/^\/dev\/pts\/\d+\r\n33 111\r\n$/)
})

test("whoever attaches types, sees what it shows from then on, and its end", async () => {
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

test("Ctrl-C is the signal that it is anywhere", async () => {
  const spec = await launch("echo ready; exec sleep 1000")
  const streams = await attach(spec)
  await until(() => place.read(spec).includes("ready"))
  await streams.write(bytes("\x03"))
  expect(await exits.of(spec)).toEqual({ status: signaledStatus(2) })
  streams.detach()
})

test("the task asks nobody who is attached when it is killed", async () => {
  const spec = await launch("echo ready; exec sleep 1000")
  await until(() => place.read(spec).includes("ready"))
  await runtime.kill(spec.containerId, { force: false })
  expect(await exits.of(spec)).toEqual({ status: signaledStatus(15) })
  expect(await runtime.attach(spec)).toMatchObject({ ok: false })
})

test("its terminal outlives the agent", async () => {
  const spec = await launch("echo ready; while read line; do echo got $line; done")
  await until(() => place.read(spec).includes("ready"))
  const first = await attach(spec)
  const before = collect(first)
  await runtime.close()
  await before.done
  runtime = open()
  expect(await runtime.recover(spec)).toMatchObject({ kind: "running" })
  const streams = await attach(spec)
  const { seen, done } = collect(streams)
  await streams.write(bytes("moin\n"))
  await until(() => seen.stdout === "moin\r\ngot moin\r\n")
  streams.detach()
  await done
})

test("a log that is cut while somebody reads goes on from its beginning", async () => {
  const spec = await launch("echo a long beginning; exec sleep 1000")
  await until(() => place.read(spec).includes("beginning"))
  const streams = await attach(spec)
  const { seen, done } = collect(streams)
  truncateSync(`${spec.sandbox}/stdout`)
  appendFileSync(`${spec.sandbox}/stdout`, "new")
  await until(() => seen.stdout === "new")
  streams.detach()
  await done
})

test("a task without a terminal cannot be attached to", async () => {
  const spec = place.spec("exec sleep 1000")
  launched.push(spec)
  await runtime.launch(spec, never)
  expect(await runtime.attach(spec)).toEqual({
    ok: false,
    error: "the container has no terminal to attach to",
  })
})
