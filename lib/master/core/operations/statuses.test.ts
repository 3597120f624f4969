import { beforeEach, describe, expect, test } from "bun:test"
import {
  frameworkInfo,
  resources,
  type TestAgent,
  type TestScheduler,
} from "#lib/master/core/builders.ts"
import type { AgentId, ApplyOperationMessage, OperationId } from "#lib/mesos/index.ts"
import {
  after,
  create,
  grow,
  named,
  OperationBench,
  reserve,
  reserved,
  volume,
} from "./builders.ts"

const TOTAL = resources("cpus:8;mem:16384;disk:1000;ports:[31000-32000]")
const cpu = reserve(reserved("cpus:1", "web"))

let bench: OperationBench
let agent: TestAgent
let web: TestScheduler
beforeEach(() => {
  bench = new OperationBench()
  agent = bench.register()
  web = bench.subscribe(frameworkInfo({ roles: ["web"] }))
})

const sent = (): ApplyOperationMessage => bench.sentOperations(agent).at(-1)!
const known = (): number => bench.master.view.operations.size
const acknowledge = (uuid: string, operationId = "op1", agentId: AgentId = agent.id) =>
  bench.call(web, {
    kind: "acknowledgeOperationStatus",
    agentId,
    uuid,
    operationId: operationId as OperationId,
  })

describe("the outcome of an operation", () => {
  test("with an id is told until the framework acknowledges it", () => {
    bench.accept(web, [named("op1", cpu)])
    const uuid = bench.answer(agent, sent())
    expect(bench.heard(web)).toMatchObject([
      { operationId: "op1", state: "OPERATION_FINISHED", agentId: agent.id, uuid: { value: uuid } },
    ])
    expect(known()).toBe(1)
    expect(bench.sent(agent.link, "acknowledgeOperation")).toEqual([])
    expect(acknowledge(uuid)).toEqual({ status: 202 })
    expect(bench.sent(agent.link, "acknowledgeOperation")).toMatchObject([{ uuid }])
    expect(known()).toBe(0)
  })

  test("without an id is acknowledged by the master", () => {
    bench.accept(web, [cpu])
    const uuid = bench.answer(agent, sent())
    expect(bench.heard(web)).toEqual([])
    expect(bench.sent(agent.link, "acknowledgeOperation")).toMatchObject([{ uuid }])
    expect(known()).toBe(0)
  })

  test("of a framework that is gone is acknowledged by the master", () => {
    bench.accept(web, [named("op1", cpu)])
    const operation = sent()
    bench.call(web, { kind: "teardown" })
    const uuid = bench.answer(agent, operation)
    expect(bench.sent(agent.link, "acknowledgeOperation")).toMatchObject([{ uuid }])
    expect(known()).toBe(0)
  })

  test("that nobody had acknowledged when the framework ended is acknowledged then", () => {
    bench.accept(web, [named("op1", cpu)])
    const uuid = bench.answer(agent, sent())
    bench.call(web, { kind: "teardown" })
    expect(bench.sent(agent.link, "acknowledgeOperation")).toMatchObject([{ uuid }])
    expect(known()).toBe(0)
  })

  test("that comes again after its acknowledgement can be acknowledged again", () => {
    bench.accept(web, [named("op1", cpu)])
    const operation = sent()
    acknowledge(bench.answer(agent, operation))
    bench.clear()
    const uuid = bench.answer(agent, operation)
    expect(bench.heard(web).length).toBe(1)
    acknowledge(uuid)
    expect(bench.sent(agent.link, "acknowledgeOperation")).toMatchObject([{ uuid }])
  })

  test("is not acknowledged by another status's uuid, or towards another agent", () => {
    bench.accept(web, [named("op1", cpu)])
    const uuid = bench.answer(agent, sent())
    acknowledge("other")
    acknowledge(uuid, "op1", "nowhere" as AgentId)
    expect(known()).toBe(1)
  })

  test("that failed though it counted as done makes the agent say what it has", () => {
    bench.accept(web, [named("op1", cpu)])
    bench.answer(agent, sent(), { state: "OPERATION_ERROR", message: "no such disk" })
    expect(bench.heard(web)).toMatchObject([{ state: "OPERATION_ERROR", message: "no such disk" }])
    expect(bench.effects).toContainEqual(expect.objectContaining({ kind: "closeLink" }))
    bench.register({ agentId: agent.id, checkpointedResources: TOTAL })
    expect(bench.total(agent)).toEqual(TOTAL)
  })
})

describe("an agent that comes back", () => {
  const operation = named("op1", cpu)
  const reported = (state: "OPERATION_PENDING" | "OPERATION_FINISHED") => ({
    frameworkId: web.id,
    info: sent().operation,
    uuid: { value: sent().uuid },
    latestStatus: {
      operationId: "op1" as OperationId,
      state,
      ...(state === "OPERATION_PENDING" ? {} : { uuid: { value: "s1" } }),
    },
  })

  test("without an operation that it was sent: the framework hears that it was dropped", () => {
    bench.accept(web, [operation])
    bench.reregister(agent, TOTAL)
    expect(bench.heard(web)).toMatchObject([
      { operationId: "op1", state: "OPERATION_DROPPED", agentId: agent.id },
    ])
    expect(bench.heard(web)[0]?.uuid).toBeUndefined()
    expect(bench.total(agent)).toEqual(TOTAL)
    expect(known()).toBe(0)
  })

  test("without one that resizes frees what was held for it", () => {
    bench.accept(web, [reserve(reserved("disk:50", "web")), create(volume("v", 20))])
    for (const each of bench.sentOperations(agent)) bench.answer(agent, each)
    bench.accept(web, [grow(volume("v", 20), reserved("disk:5", "web")[0]!)])
    bench.reregister(
      agent,
      after(TOTAL, reserve(reserved("disk:50", "web")), create(volume("v", 20))),
    )
    expect(known()).toBe(0)
    expect(bench.newestOffer(web).resources?.length).toBe(6)
  })

  test("with one under way has its effect in the books, and its outcome is heard", () => {
    bench.accept(web, [operation])
    const report = reported("OPERATION_PENDING")
    const there = bench.reregister(agent, TOTAL, { operations: [report] })
    expect(bench.total(agent)).toEqual(after(TOTAL, cpu))
    bench.answer(there, {
      kind: "applyOperation",
      frameworkId: web.id,
      operationId: "op1" as OperationId,
      uuid: report.uuid.value,
      operation,
    })
    expect(bench.heard(web)).toMatchObject([{ state: "OPERATION_FINISHED" }])
    expect(bench.total(agent)).toEqual(after(TOTAL, cpu))
  })

  test("to a new master brings operations that the framework can still acknowledge", () => {
    bench.accept(web, [operation])
    const report = reported("OPERATION_FINISHED")
    const next = new OperationBench({
      store: bench.store,
      master: { info: { id: "M2", ip: 1, port: 1 } },
    })
    const info = frameworkInfo({ roles: ["web"], id: web.id })
    const again = next.subscribe(info)
    next.call(again, {
      kind: "reconcileOperations",
      operations: [{ operationId: "op1" as OperationId, agentId: agent.id }],
    })
    const there = next.register({
      agentId: agent.id,
      checkpointedResources: after(TOTAL, cpu),
      operations: [report],
    })
    next.call(again, { kind: "reconcileOperations" })
    expect(next.heard(again).map(({ state }) => state)).toEqual([
      "OPERATION_RECOVERING",
      "OPERATION_FINISHED",
    ])
    next.call(again, {
      kind: "acknowledgeOperationStatus",
      agentId: agent.id,
      uuid: "s1",
      operationId: "op1" as OperationId,
    })
    expect(next.sent(there.link, "acknowledgeOperation")).toMatchObject([{ uuid: "s1" }])
    expect(next.master.view.operations.size).toBe(0)
  })
})

describe("after a master was lost", () => {
  const NEXT = { info: { id: "M2", ip: 1, port: 1 } }
  const back = () => {
    bench.accept(web, [named("op1", cpu)])
    const { operation, uuid, frameworkId } = sent()
    const latestStatus = {
      operationId: "op1" as OperationId,
      state: "OPERATION_FINISHED",
      uuid: { value: "s1" },
    } as const
    const next = new OperationBench({ store: bench.store, master: NEXT })
    const there = next.register({
      agentId: agent.id,
      checkpointedResources: after(TOTAL, cpu),
      operations: [{ frameworkId, info: operation, uuid: { value: uuid }, latestStatus }],
    })
    const repeat = () =>
      next.fromAgent(there.link, {
        kind: "operationUpdate",
        frameworkId: web.id,
        operationUuid: uuid,
        status: latestStatus,
      })
    return { next, there, repeat }
  }

  test("an outcome waits for the framework to subscribe again", () => {
    const { next, there, repeat } = back()
    repeat()
    expect(next.sent(there.link, "acknowledgeOperation")).toEqual([])
    const again = next.subscribe(frameworkInfo({ roles: ["web"], id: web.id }))
    repeat()
    expect(next.heard(again)).toMatchObject([
      { state: "OPERATION_FINISHED", uuid: { value: "s1" } },
    ])
  })

  test("and for a framework that does not, until its failover timeout is over", () => {
    const { next, there, repeat } = back()
    next.keepAlive([there], 600_000)
    repeat()
    expect(next.sent(there.link, "acknowledgeOperation")).toEqual([])
    next.keepAlive([there], 3_000_000)
    repeat()
    expect(next.sent(there.link, "acknowledgeOperation").at(-1)).toMatchObject({ uuid: "s1" })
    expect(next.master.view.operations.size).toBe(0)
  })
})

describe("operations of an agent that is lost", () => {
  test("are unreachable, told once and without a uuid", () => {
    bench.accept(web, [named("op1", cpu), cpu])
    bench.feed({ kind: "linkClosed", link: agent.link })
    bench.advance(200_000)
    expect(bench.heard(web)).toMatchObject([{ operationId: "op1", state: "OPERATION_UNREACHABLE" }])
    expect(bench.heard(web)[0]?.uuid).toBeUndefined()
    expect(known()).toBe(0)
  })

  test("are gone with an agent that unregisters", () => {
    bench.accept(web, [named("op1", cpu)])
    bench.fromAgent(agent.link, { kind: "unregister" })
    expect(bench.heard(web)).toMatchObject([{ state: "OPERATION_GONE_BY_OPERATOR" }])
  })
})

describe("RECONCILE_OPERATIONS", () => {
  const ask = (id: string, agentId?: AgentId) =>
    bench.call(web, {
      kind: "reconcileOperations",
      operations: [{ operationId: id as OperationId, agentId }],
    })

  test("tells the latest state of what is known, without a uuid", () => {
    bench.accept(web, [named("op1", cpu)])
    ask("op1", agent.id)
    bench.answer(agent, sent())
    bench.clear()
    ask("op1")
    expect(bench.heard(web)).toEqual([
      { operationId: "op1" as OperationId, state: "OPERATION_FINISHED", agentId: agent.id },
    ])
  })

  test("answers for what is not known by what is known of its agent", () => {
    ask("x", agent.id)
    ask("x", "nowhere" as AgentId)
    ask("x")
    bench.feed({ kind: "linkClosed", link: agent.link })
    bench.advance(200_000)
    ask("x", agent.id)
    expect(bench.heard(web).map(({ state }) => state)).toEqual([
      "OPERATION_UNKNOWN",
      "OPERATION_UNKNOWN",
      "OPERATION_UNKNOWN",
      "OPERATION_UNREACHABLE",
    ])
  })
})

test("metrics count operations by type and state", () => {
  bench.accept(web, [named("op1", cpu), named("op2", reserve([]))])
  const metrics = (): Readonly<Record<string, number>> => bench.master.view.metrics(bench.now)
  expect(metrics()).toMatchObject({
    "master/operations/total": 1,
    "master/operations/pending": 1,
    "master/operations/error": 1,
    "master/operations/reserve/pending": 1,
    "master/operations/reserve/error": 1,
    "master/operations/create/total": 0,
  })
  bench.answer(agent, sent())
  expect(metrics()).toMatchObject({
    "master/operations/total": 1,
    "master/operations/pending": 0,
    "master/operations/finished": 1,
    "master/messages_operation_status_update": 1,
    "master/valid_operation_status_updates": 1,
    [`master/frameworks/test/${web.id}/operations/reserve`]: 2,
  })
})
