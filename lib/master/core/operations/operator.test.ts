import { beforeEach, describe, expect, test } from "bun:test"
import {
  frameworkInfo,
  resources,
  taskInfo,
  type TestAgent,
  type TestScheduler,
} from "#lib/master/core/builders.ts"
import type { OperatorCall } from "#lib/master/core/types.ts"
import { allocate, unallocate, type Resource, type Resources } from "#lib/mesos/index.ts"
import {
  after,
  create,
  dynamic,
  grow,
  OperationBench,
  reserve,
  reserved,
  volume,
} from "./builders.ts"

const TOTAL = resources("cpus:8;mem:16384;disk:1000;ports:[31000-32000]")
const PENDING = "/operations/"

let bench: OperationBench
let agent: TestAgent
let web: TestScheduler
beforeEach(() => {
  bench = new OperationBench()
  agent = bench.register()
  web = bench.subscribe(frameworkInfo({ roles: ["web"] }))
})

const stored = (): number => [...bench.store.keys()].filter((key) => key.startsWith(PENDING)).length
const addition = reserved("disk:5", "web")[0]!

/** Each call, on an agent where it applies. */
const CALLS: readonly [string, Resources, (id: TestAgent["id"]) => OperatorCall, Resources][] = [
  [
    "RESERVE_RESOURCES",
    TOTAL,
    (agentId) => ({ kind: "reserveResources", agentId, resources: reserved("cpus:2", "web") }),
    after(TOTAL, reserve(reserved("cpus:2", "web"))),
  ],
  [
    "RESERVE_RESOURCES with a source",
    after(TOTAL, reserve(reserved("cpus:2", "web"))),
    (agentId) => ({
      kind: "reserveResources",
      agentId,
      source: reserved("cpus:2", "web"),
      resources: reserved("cpus:2", "db"),
    }),
    after(TOTAL, reserve(reserved("cpus:2", "db"))),
  ],
  [
    "UNRESERVE_RESOURCES",
    after(TOTAL, reserve(reserved("cpus:2", "web"))),
    (agentId) => ({ kind: "unreserveResources", agentId, resources: reserved("cpus:2", "web") }),
    TOTAL,
  ],
  [
    "CREATE_VOLUMES",
    after(TOTAL, reserve(reserved("disk:50", "web"))),
    (agentId) => ({ kind: "createVolumes", agentId, volumes: [volume("v", 20)] }),
    after(TOTAL, reserve(reserved("disk:50", "web")), create(volume("v", 20))),
  ],
  [
    "DESTROY_VOLUMES",
    after(TOTAL, reserve(reserved("disk:50", "web")), create(volume("v", 20))),
    (agentId) => ({ kind: "destroyVolumes", agentId, volumes: [volume("v", 20)] }),
    after(TOTAL, reserve(reserved("disk:50", "web"))),
  ],
  [
    "GROW_VOLUME",
    after(TOTAL, reserve(reserved("disk:50", "web")), create(volume("v", 20))),
    (agentId) => ({ kind: "growVolume", agentId, volume: volume("v", 20), addition }),
    after(
      TOTAL,
      reserve(reserved("disk:50", "web")),
      create(volume("v", 20)),
      grow(volume("v", 20), addition),
    ),
  ],
  [
    "SHRINK_VOLUME",
    after(TOTAL, reserve(reserved("disk:50", "web")), create(volume("v", 20))),
    (agentId) => ({
      kind: "shrinkVolume",
      agentId,
      volume: volume("v", 20),
      subtract: { value: 10 },
    }),
    after(TOTAL, reserve(reserved("disk:50", "web")), create(volume("v", 10))),
  ],
]

describe("an operator's call", () => {
  test.each(CALLS)(
    "%s is stored, sent, and forgotten when the agent confirms it",
    (_, total, call, expected) => {
      const there = bench.reregister(agent, total)
      expect(bench.operate(call(agent.id))).toEqual({ status: 202 })
      expect(stored()).toBe(1)
      expect(bench.total(agent)).toEqual(expected)
      const [sent] = bench.sentOperations(there)
      expect(sent?.frameworkId).toBeUndefined()
      const uuid = bench.answer(there, sent!)
      expect(bench.sent(there.link, "acknowledgeOperation")).toEqual([
        { kind: "acknowledgeOperation", uuid },
      ])
      expect(stored()).toBe(0)
      expect(bench.master.view.operations.size).toBe(0)
    },
  )

  test.each(CALLS)("%s of an agent that is not there is 400", (_, _total, call) => {
    expect(bench.operate(call("nowhere" as never))).toMatchObject({ status: 400 })
  })

  test("is 409 when it does not apply, naming what is missing", () => {
    const reply = bench.operate({
      kind: "unreserveResources",
      agentId: agent.id,
      resources: reserved("cpus:2", "web"),
    })
    expect(reply.status).toBe(409)
    expect(reply.message).toStartWith(
      "'unreserve.resources' is invalid: cpus(reservations: [(DYNAMIC,web)]):2 is not contained",
    )
    expect(stored()).toBe(0)
  })

  test("is 409 when tasks use what it needs, and rescinds nothing in vain", () => {
    bench.launch(web, [taskInfo("t1", agent.id, { resources: resources("cpus:7") })], 0)
    bench.clear()
    const call = { kind: "reserveResources", agentId: agent.id } as const
    expect(bench.operate({ ...call, resources: reserved("cpus:2", "web") }).status).toBe(409)
    expect(bench.events(web.stream, "rescind")).toEqual([])
    expect(bench.operate({ ...call, resources: reserved("cpus:1", "web") }).status).toBe(202)
    expect(bench.events(web.stream, "rescind").length).toBe(1)
  })

  test("rescinds the offers that stand in its way, which come back after five seconds or changed", () => {
    const db = bench.subscribe(frameworkInfo({ roles: ["db"] }))
    const offer = bench.newestOffer(web)
    bench.clear()
    bench.operate({
      kind: "reserveResources",
      agentId: agent.id,
      resources: reserved("cpus:8", "db"),
    })
    expect(bench.events(web.stream, "rescind")).toMatchObject([{ offerId: offer.id }])
    expect(unallocate(bench.newestOffer(db).resources ?? [])).toContainEqual(
      reserved("cpus:8", "db")[0]!,
    )
    expect(bench.offers(web)).toEqual([])
  })

  const shared = (): Resource => volume("v", 20, { shared: true })
  test("destroys a shared volume that offers hold", () => {
    bench.reregister(agent, after(TOTAL, reserve(reserved("disk:20", "web")), create(shared())))
    const holder = bench.subscribe(
      frameworkInfo({ roles: ["web"], caps: ["MULTI_ROLE", "SHARED_RESOURCES"] }),
    )
    bench.call(web, { kind: "suppress" })
    for (const { id } of bench.offers(web)) bench.call(web, { kind: "decline", offerIds: [id] })
    expect(unallocate(bench.newestOffer(holder).resources ?? [])).toContainEqual(shared())
    const call = { kind: "destroyVolumes", agentId: agent.id, volumes: [shared()] } as const
    expect(bench.operate(call)).toEqual({ status: 202 })
    expect(bench.events(holder.stream, "rescind").length).toBe(1)
    expect(bench.total(agent)).toEqual(after(TOTAL, reserve(reserved("disk:20", "web"))))
  })

  test.each<[string, Omit<Extract<OperatorCall, { kind: "reserveResources" }>, "agentId">, string]>(
    [
      ["nothing", { kind: "reserveResources" }, "'reserve.resources'"],
      [
        "to nobody",
        { kind: "reserveResources", resources: resources("cpus:1") },
        "'reserve.resources[0].reservations'",
      ],
      [
        "in another's name",
        {
          kind: "reserveResources",
          resources: resources("cpus:1").map((each) => ({
            ...each,
            reservations: [dynamic("web", "somebody")],
          })),
        },
        "'reserve.resources[0].reservations[0].principal'",
      ],
      [
        "what a framework was offered",
        {
          kind: "reserveResources",
          resources: allocate(reserved("cpus:1", "web"), "web"),
        },
        "'reserve_resources.resources[0].allocation_info'",
      ],
    ],
  )("to reserve %s is 400 and names the field", (_, call, field) => {
    const reply = bench.operate({ ...call, agentId: agent.id }, "ops")
    expect(reply.status).toBe(400)
    expect(reply.message).toStartWith(field)
  })

  test("to resize on an agent that cannot is 400", () => {
    const there = bench.register({ info: { hostname: "a2", resources: TOTAL }, capabilities: [] })
    const call = {
      kind: "growVolume",
      agentId: there.id,
      volume: volume("v", 20),
      addition,
    } as const
    expect(bench.operate(call).message).toContain("RESIZE_VOLUME")
  })

  test.each<[string, string, Partial<OperatorCall>]>([
    [
      "to reserve for a role below a role",
      "HIERARCHICAL_ROLE",
      { kind: "reserveResources", resources: reserved("cpus:1", "web/blue") },
    ],
    [
      "to reserve what is reserved",
      "RESERVATION_REFINEMENT",
      { kind: "reserveResources", resources: reserved("cpus:1", "web", "web/blue") },
    ],
    [
      "to make a volume of a role below a role",
      "HIERARCHICAL_ROLE",
      {
        kind: "createVolumes",
        volumes: [volume("v", 5, { reservations: [dynamic("web/blue")] })],
      },
    ],
  ])("%s on an agent that lacks %s is 400", (_, missing, call) => {
    const capabilities = (["HIERARCHICAL_ROLE", "RESERVATION_REFINEMENT"] as const).filter(
      (each) => each !== missing,
    )
    const there = bench.register({ info: { hostname: "a2", resources: TOTAL }, capabilities })
    const reply = bench.operate({ ...call, agentId: there.id } as OperatorCall)
    expect(reply.status).toBe(400)
    expect(reply.message).toEndWith(
      `[0].reservations' is invalid: Agent ${there.id} lacks the capability ${missing}`,
    )
  })
})

describe("an accepted call that the agent never got", () => {
  const call = (text: string): OperatorCall => ({
    kind: "reserveResources",
    agentId: agent.id,
    resources: reserved(text, "web"),
  })

  test("is sent again when the agent is back", () => {
    bench.operate(call("cpus:2"))
    const there = bench.reregister(agent, TOTAL)
    expect(bench.sentOperations(there).length).toBe(1)
    expect(bench.total(agent)).toEqual(after(TOTAL, reserve(reserved("cpus:2", "web"))))
  })

  test("is handed to the next master, all of them in their order", () => {
    bench.operate(call("cpus:2"))
    bench.operate({ ...call("cpus:2"), kind: "unreserveResources" } as OperatorCall)
    bench.operate(call("cpus:3"))
    const next = new OperationBench({
      store: bench.store,
      master: { info: { id: "M2", ip: 1, port: 1 } },
    })
    const there = next.register({ agentId: agent.id, checkpointedResources: TOTAL })
    expect(next.sentOperations(there).map(({ operation }) => operation.kind)).toEqual([
      "reserve",
      "unreserve",
      "reserve",
    ])
    expect(next.total(there)).toEqual(after(TOTAL, reserve(reserved("cpus:3", "web"))))
  })

  test("is forgotten when the agent reports it with its outcome", () => {
    bench.operate(call("cpus:2"))
    const [{ uuid, operation }] = bench.sentOperations(agent) as never as [
      { uuid: string; operation: never },
    ]
    const next = new OperationBench({
      store: bench.store,
      master: { info: { id: "M2", ip: 1, port: 1 } },
    })
    const latestStatus = { state: "OPERATION_FINISHED", uuid: { value: "s" } } as const
    const there = next.register({
      agentId: agent.id,
      checkpointedResources: after(TOTAL, reserve(reserved("cpus:2", "web"))),
      operations: [{ info: operation, uuid: { value: uuid }, latestStatus }],
    })
    expect(next.sentOperations(there)).toEqual([])
    next.fromAgent(there.link, {
      kind: "operationUpdate",
      operationUuid: uuid,
      status: latestStatus,
    })
    expect(next.sent(there.link, "acknowledgeOperation")).toMatchObject([{ uuid: "s" }])
    expect([...next.store.keys()].some((key) => key.startsWith(PENDING))).toBe(false)
  })

  test("is dropped when it applies no more", () => {
    bench.operate(call("cpus:2"))
    const there = bench.reregister(agent, resources("cpus:1"))
    expect(bench.sentOperations(there)).toEqual([])
    expect(stored()).toBe(0)
    expect(bench.total(agent)).toEqual(resources("cpus:1"))
  })

  test("waits for an agent that became unreachable, and not for one that left", () => {
    bench.operate(call("cpus:2"))
    bench.feed({ kind: "linkClosed", link: agent.link })
    bench.advance(100_000)
    expect(bench.master.view.unreachableAgents.has(agent.id)).toBe(true)
    expect([bench.master.view.operations.size, stored()]).toEqual([0, 1])
    const there = bench.register({ agentId: agent.id, checkpointedResources: TOTAL })
    expect(bench.sentOperations(there).length).toBe(1)
    bench.fromAgent(there.link, { kind: "unregister" })
    expect([bench.master.view.operations.size, stored()]).toEqual([0, 0])
  })

  test("stored by a newer version keeps the master from starting", () => {
    const store = new Map([["/operations/a/00", { schema: 2 }]])
    expect(() => new OperationBench({ store })).toThrow("schema 2 is newer than 1")
  })
})
