import { expect, test } from "bun:test"
import type { Clock } from "#lib/ports/index.ts"
import { frameworkInfo, registration } from "./core/builders.ts"
import { Master } from "./core/master.ts"
import type { LinkId, MasterEffect, MasterInput, StreamId } from "./core/types.ts"
import { MeasuredMaster } from "./measured-master.ts"

/** A measured master in time that passes by a millisecond at each look at the clock. */
function open(entries: readonly (readonly [string, unknown])[] = []) {
  let now = 1000
  const clock: Clock = { now: () => now++, soon: () => undefined, wakeAt: () => () => undefined }
  const info = { id: "M", ip: 0, port: 5050 }
  const master = Master.recover({ info, seed: 1 }, entries, now)
  if (!master.ok) throw new Error(master.error.message)
  const measured = new MeasuredMaster(master.value, clock, { entries, ms: 7 })
  const step = (input: MasterInput): readonly MasterEffect[] => {
    const out: MasterEffect[] = []
    measured.step(input, now, out)
    return out
  }
  const link = "L" as LinkId
  const register = () => {
    step({ kind: "linkOpened", link, address: "10.0.0.1" })
    return step({ kind: "linkMessage", link, message: registration() })
  }
  const pass = (ms: number): void => void (now += ms)
  return { measured, step, register, pass, link }
}

test("a registry is as large as what is stored, and what is not durable is queued", () => {
  const { measured, register, step, link } = open()
  const before = measured.metrics()
  expect(before).toMatchObject({
    "registrar/registry_size_bytes": 0,
    "registrar/queued_operations": 0,
    "registrar/state_fetch_ms": 7,
    "registrar/log/recovered": 1,
  })
  const [put] = register().filter(({ kind }) => kind === "put")
  if (put?.kind !== "put") throw new Error("nothing was stored")
  const size = put.key.length + JSON.stringify(put.value).length
  expect(measured.metrics()).toMatchObject({
    "registrar/registry_size_bytes": size,
    "registrar/queued_operations": 1,
  })
  measured.committed(3)
  expect(measured.metrics()).toMatchObject({
    "registrar/queued_operations": 0,
    "registrar/state_store_ms": 3,
  })
  expect(open([[put.key, put.value]]).measured.metrics()["registrar/registry_size_bytes"]).toBe(
    size,
  )
  step({ kind: "linkMessage", link, message: { kind: "unregister" } })
  expect(measured.metrics()["registrar/registry_size_bytes"]).toBe(0)
})

test("runs of the allocator are timed, and how long they were due", () => {
  const { measured, register, step, pass } = open()
  step({ kind: "wake" })
  expect(Object.keys(measured.metrics()).filter((name) => name.startsWith("allocator"))).toEqual([])
  register()
  const subscribe = { frameworkInfo: frameworkInfo() }
  step({ kind: "subscribe", stream: "s" as StreamId, subscribe })
  pass(20)
  expect(step({ kind: "wake" }).some(({ kind }) => kind === "event")).toBe(true)
  expect(measured.metrics()).toMatchObject({
    "allocator/mesos/allocation_run_ms": 1,
    "allocator/mesos/allocation_run_ms/count": 1,
    "allocator/mesos/allocation_run_ms/p99": 1,
    "allocator/mesos/allocation_run_latency_ms": 20,
    "allocator/mesos/allocation_run_latency_ms/count": 1,
  })
  step({ kind: "wake" })
  expect(measured.metrics()["allocator/mesos/allocation_run_ms/count"]).toBe(1)
})
