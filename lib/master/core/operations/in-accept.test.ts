import { beforeEach, describe, expect, test } from "bun:test"
import {
  frameworkInfo,
  resources,
  taskInfo,
  type TestAgent,
  type TestScheduler,
} from "#lib/master/core/builders.ts"
import {
  allocate,
  unallocate,
  type Resource,
  type ResourceOperation,
  type Resources,
} from "#lib/mesos/index.ts"
import { OPERATIONS_PER_AGENT_MAX } from "./book.ts"
import {
  after,
  create,
  destroy,
  dynamic,
  grow,
  named,
  OperationBench,
  reserve,
  reserved,
  shrink,
  unreserve,
  volume,
} from "./builders.ts"

const TOTAL = resources("cpus:8;mem:16384;disk:1000;ports:[31000-32000]")
const CAPABILITIES = ["MULTI_ROLE", "RESERVATION_REFINEMENT", "SHARED_RESOURCES"] as const

let bench: OperationBench
let agent: TestAgent
let web: TestScheduler
beforeEach(() => {
  bench = new OperationBench()
  agent = bench.register()
  web = bench.subscribe(frameworkInfo({ roles: ["web"], caps: CAPABILITIES }))
})

const offered = (): Resources => unallocate(bench.newestOffer(web).resources ?? [])
const launch = (id: string, what: Resources) =>
  ({
    kind: "launch",
    taskInfos: [{ ...taskInfo(id, agent.id), resources: what }],
  }) as const

describe("a speculative operation", () => {
  const steps: [string, readonly ResourceOperation[]][] = [
    ["RESERVE", [reserve(reserved("cpus:2;ports:[31000-31005]", "web"))]],
    ["UNRESERVE", [reserve(reserved("cpus:2", "web")), unreserve(reserved("cpus:1", "web"))]],
    ["CREATE", [reserve(reserved("disk:50", "web")), create(volume("v", 20))]],
    [
      "DESTROY",
      [
        reserve(reserved("disk:50", "web")),
        create(volume("v", 20)),
        destroy(volume("v", 20)),
        unreserve(reserved("disk:50", "web")),
      ],
    ],
  ]
  test.each(steps)("%s is sent, changes the agent, and is offered at once", (_, operations) => {
    bench.accept(web, operations)
    const sent = bench.sentOperations(agent)
    expect(sent.map(({ operation }) => operation.kind)).toEqual(operations.map(({ kind }) => kind))
    expect(sent.every(({ frameworkId }) => frameworkId === web.id)).toBe(true)
    expect(new Set(sent.map(({ uuid }) => uuid)).size).toBe(operations.length)
    expect(bench.total(agent)).toEqual(after(TOTAL, ...operations))
    // Changed resources come back unfiltered, and the rest with them, which is more than was refused.
    if (operations.length < 4) expect(offered()).toEqual(after(TOTAL, ...operations))
  })

  test("carries the offer's role to the agent", () => {
    bench.accept(web, [reserve(reserved("cpus:2", "web"))])
    expect(bench.sentOperations(agent)[0]?.operation).toMatchObject({
      resources: allocate(reserved("cpus:2", "web"), "web"),
    })
  })

  test("may be launched on in the same call", () => {
    const task = launch("t1", [...reserved("cpus:1;mem:64", "web"), volume("v", 20)])
    bench.accept(web, [
      reserve(reserved("cpus:1;mem:64;disk:20", "web")),
      create(volume("v", 20)),
      task,
    ])
    const order = bench.effects.flatMap((effect) =>
      effect.kind === "send" && effect.message.kind !== "ping" ? [effect.message.kind] : [],
    )
    expect(order.slice(-3)).toEqual(["applyOperation", "applyOperation", "runTask"])
    expect(unallocate(bench.master.view.agents.get(agent.id)!.used)).toEqual(
      unallocate(task.taskInfos[0].resources.toSorted((a, b) => (a.name < b.name ? -1 : 1))),
    )
  })

  test("makes volumes that each task mounts where it likes", () => {
    const mounted = volume("v", 20, {
      disk: { persistence: { id: "v" }, volume: { containerPath: "elsewhere", mode: "RW" } },
    })
    const task = launch("t1", [...resources("cpus:1"), mounted])
    bench.accept(web, [reserve(reserved("disk:20", "web")), create(volume("v", 20)), task])
    expect(bench.sent(agent.link, "runTask")[0]?.task.resources).toContainEqual({
      ...mounted,
      allocationRole: "web",
    })
    bench.update(agent, web.id, { id: "t1", state: "TASK_FINISHED", uuid: undefined })
    bench.call(web, { kind: "revive" })
    const there = [...bench.master.view.offers.values()].flatMap((offer) => offer.resources)
    expect(unallocate(there)).toContainEqual(volume("v", 20))
  })

  test("refines a reservation for a role below", () => {
    const below = bench.subscribe(frameworkInfo({ roles: ["web/blue"], caps: CAPABILITIES }))
    bench.accept(web, [reserve(reserved("cpus:2", "web"))])
    bench.call(web, { kind: "suppress" })
    bench.call(web, { kind: "decline", offerIds: [bench.newestOffer(web).id] })
    bench.accept(below, [reserve(reserved("cpus:1", "web", "web/blue"))])
    expect(bench.total(agent)).toContainEqual(reserved("cpus:1", "web", "web/blue")[0]!)
  })
})

describe("resizing", () => {
  const disk = reserved("disk:50", "web")
  beforeEach(() => {
    bench.accept(web, [reserve(disk), create(volume("v", 20))])
    for (const sent of bench.sentOperations(agent)) bench.answer(agent, sent)
  })
  const grown = grow(volume("v", 20), reserved("disk:5", "web")[0]!)

  test("has effect once the agent has confirmed it, and is then offered unfiltered", () => {
    bench.accept(web, [grown, launch("t1", [...resources("cpus:1"), volume("v", 25)])])
    expect(bench.statuses(web)).toMatchObject([{ taskId: "t1", state: "TASK_ERROR" }])
    expect(bench.total(agent)).toContainEqual(volume("v", 20))
    bench.answer(agent, bench.sentOperations(agent).at(-1)!)
    expect(bench.total(agent)).toContainEqual(volume("v", 25))
    const free = bench.newestOffer(web).resources ?? []
    expect(unallocate(free)).toContainEqual(volume("v", 25))
  })

  test("that fails gives back what it would have taken", () => {
    bench.accept(web, [named("op1", grown)])
    bench.answer(agent, bench.sentOperations(agent).at(-1)!, { state: "OPERATION_FAILED" })
    expect(bench.total(agent)).toContainEqual(volume("v", 20))
    expect(bench.heard(web)).toMatchObject([{ operationId: "op1", state: "OPERATION_FAILED" }])
  })

  test("makes disk of what is taken from a volume", () => {
    bench.accept(web, [shrink(volume("v", 20), 15)])
    bench.answer(agent, bench.sentOperations(agent).at(-1)!)
    expect(bench.total(agent)).toContainEqual(volume("v", 5))
    expect(bench.total(agent)).toContainEqual(reserved("disk:45", "web")[0]!)
  })

  test("holds its resources while its framework is removed", () => {
    bench.accept(web, [grown])
    const sent = bench.sentOperations(agent).at(-1)!
    bench.call(web, { kind: "teardown" })
    expect(bench.total(agent)).toContainEqual(volume("v", 25))
    bench.answer(agent, sent)
    expect(bench.sent(agent.link, "acknowledgeOperation").at(-1)).toBeDefined()
    expect(bench.master.view.operations.size).toBe(0)
  })
})

describe("a shared volume", () => {
  const mine = volume("v", 20, { shared: true })
  const task = (id: string) => launch(id, [...resources("cpus:1"), mine])
  beforeEach(() => {
    bench.accept(web, [reserve(reserved("disk:20", "web")), create(mine), task("t1"), task("t2")])
  })

  test("is used by several tasks at once, and offered still", () => {
    expect(bench.sent(agent.link, "runTask").length).toBe(2)
    expect(offered()).toContainEqual(mine)
  })

  test("cannot be destroyed while a task uses it", () => {
    bench.accept(web, [named("op1", destroy(mine))])
    expect(bench.heard(web)[0]?.message).toBe(
      "'destroy.volumes[0]' is invalid: The persistent volume is in use by a task",
    )
    expect(bench.total(agent)).toContainEqual(mine)
  })

  test("that is destroyed takes with it all other offers of it", () => {
    const other = bench.subscribe(frameworkInfo({ roles: ["web"], caps: CAPABILITIES }))
    bench.call(web, { kind: "suppress" })
    bench.call(web, { kind: "decline", offerIds: [bench.newestOffer(web).id] })
    const theirs = bench.newestOffer(other)
    expect(unallocate(theirs.resources ?? [])).toContainEqual(mine)
    bench.call(other, { kind: "suppress" })
    bench.call(web, { kind: "revive" })
    for (const id of ["t1", "t2"])
      bench.update(agent, web.id, { id, state: "TASK_FINISHED", uuid: undefined })
    expect(offered()).toContainEqual(mine)
    bench.clear()
    const offers = [...bench.master.view.offers.values()].filter(
      ({ frameworkId }) => frameworkId === web.id,
    )
    bench.accept(web, [destroy(mine)], { offers })
    expect(bench.events(other.stream, "rescind")).toMatchObject([{ offerId: theirs.id }])
    expect(bench.total(agent)).toEqual(after(TOTAL, reserve(reserved("disk:20", "web"))))
  })
})

describe("an operation that is refused", () => {
  const cpu = reserved("cpus:1", "web")
  const rows: [string, ResourceOperation, string][] = [
    ["for another role", reserve(reserved("cpus:1", "db")), "'reserve.resources[0].reservations'"],
    ["with a source", { ...reserve(cpu), source: cpu } as never, "'reserve.source'"],
    ["of more than is offered", reserve(reserved("cpus:9", "web")), "'reserve.resources'"],
    ["of what nobody reserved", unreserve(cpu), "'unreserve.resources'"],
    ["of nothing", create(), "'create.volumes'"],
    ["of an unknown volume", destroy(volume("v", 5)), "'destroy.volumes[0]'"],
    [
      "to grow an unknown volume",
      grow(volume("v", 5), reserved("disk:1", "web")[0]!),
      "'grow_volume'",
    ],
    ["to shrink one", shrink(volume("v", 5), 1), "'shrink_volume.volume'"],
    [
      "to make a disk",
      {
        kind: "destroyDisk",
        source: { ...resources("disk:1")[0]!, disk: { source: { type: "RAW", id: "d" } } },
      },
      "'destroy_disk.source.provider_id'",
    ],
  ]
  test.each(rows)("%s names its field, and the rest goes on", (_, operation, field) => {
    bench.accept(web, [named("op1", operation), launch("t1", resources("cpus:1"))])
    const [status] = bench.heard(web)
    expect(status).toMatchObject({ operationId: "op1", state: "OPERATION_ERROR" })
    expect(status?.uuid).toBeUndefined()
    expect(status?.message).toStartWith(field)
    expect(bench.sentOperations(agent)).toEqual([])
    expect(bench.sent(agent.link, "runTask").length).toBe(1)
    expect(bench.total(agent)).toEqual(TOTAL)
  })

  test("without an id is skipped in silence", () => {
    bench.accept(web, [unreserve(cpu)])
    expect(bench.heard(web)).toEqual([])
    expect(bench.sentOperations(agent)).toEqual([])
  })

  test("for offers that are gone names them", () => {
    const offers = [{ id: "O" as never }]
    bench.accept(web, [named("op1", reserve(cpu)), reserve(cpu)], { offers })
    expect(bench.heard(web)).toMatchObject([
      { operationId: "op1", state: "OPERATION_ERROR", message: "Offer O is no longer valid" },
    ])
  })

  test("for an id that is in use leaves the first alone", () => {
    bench.accept(web, [named("op1", reserve(cpu)), named("op1", reserve(cpu))])
    expect(bench.heard(web)[0]?.message).toBe("'id' is invalid: Operation ID 'op1' is in use")
    expect(bench.sentOperations(agent).length).toBe(1)
  })

  test("for a persistence id that its role has on the agent already", () => {
    bench.accept(web, [
      reserve(reserved("disk:9", "web")),
      create(volume("v", 4)),
      named("op1", create(volume("v", 5))),
    ])
    expect(bench.heard(web)[0]?.message).toStartWith("'create.volumes[0].disk.persistence.id'")
  })
})

describe("principals", () => {
  beforeEach(() => {
    web = bench.subscribe(frameworkInfo({ roles: ["db"], principal: "p", caps: ["MULTI_ROLE"] }))
    bench.call(web, { kind: "revive" })
    agent = bench.register({ info: { hostname: "a2", resources: TOTAL } })
  })
  const of = (principal?: string): Resources =>
    resources("disk:5").map((each) => ({ ...each, reservations: [dynamic("db", principal)] }))
  const made = (over: Partial<Resource>): Resource => ({
    ...volume("v", 5),
    reservations: [dynamic("db", "p")],
    ...over,
  })
  const disk = (principal: string): Partial<Resource> => ({
    disk: { persistence: { id: "v", principal }, volume: { containerPath: "d", mode: "RW" } },
  })

  test.each<[string, ResourceOperation, string]>([
    [
      "a reservation of another",
      reserve(of("q")),
      "'reserve.resources[0].reservations[0].principal'",
    ],
    ["a reservation of nobody", reserve(of()), "'reserve.resources[0].reservations[0].principal'"],
    [
      "a volume of another",
      create(made(disk("q"))),
      "'create.volumes[0].disk.persistence.principal'",
    ],
    ["a shared volume", create(made({ ...disk("p"), shared: true })), "'create.volumes[0].shared'"],
    [
      "a refined reservation",
      reserve(
        resources("cpus:1").map((each) => ({
          ...each,
          reservations: [{ type: "STATIC", role: "d" }, dynamic("d/b")] as const,
        })),
      ),
      "'reserve.resources[0].reservations'",
    ],
  ])("%s is refused", (_, operation, field) => {
    bench.accept(web, [named("op1", operation)])
    expect(bench.heard(web)[0]?.message).toStartWith(field)
  })

  test("one's own are made", () => {
    bench.accept(web, [reserve(of("p")), create(made(disk("p")))])
    expect(bench.sentOperations(agent).length).toBe(2)
  })
})

describe("agents without a capability", () => {
  test.each<[string, ResourceOperation, string]>([
    ["RESOURCE_PROVIDER", named("op1", reserve(reserved("cpus:1", "web"))), "'id'"],
    ["AGENT_OPERATION_FEEDBACK", named("op1", reserve(reserved("cpus:1", "web"))), "'id'"],
    ["RESIZE_VOLUME", named("op1", shrink(volume("v", 5), 1)), ""],
  ])("%s refuse what needs it", (capability, operation, field) => {
    const capabilities = (
      ["MULTI_ROLE", "RESOURCE_PROVIDER", "AGENT_OPERATION_FEEDBACK", "RESIZE_VOLUME"] as const
    ).filter((each) => each !== capability)
    bench.register({ info: { hostname: "a2", resources: TOTAL }, capabilities })
    bench.accept(web, [operation])
    expect(bench.heard(web)[0]?.message).toStartWith(field)
    expect(bench.heard(web)[0]?.message).toContain(capability)
  })
})

test("an agent takes a bounded number of operations that nobody acknowledges", () => {
  bench = new OperationBench({ check: false })
  agent = bench.register()
  web = bench.subscribe(frameworkInfo({ roles: ["web"], caps: CAPABILITIES }))
  const cpu = reserved("cpus:1", "web")
  const pairs = Array.from({ length: OPERATIONS_PER_AGENT_MAX / 2 }, () => [
    reserve(cpu),
    unreserve(cpu),
  ])
  bench.accept(web, [...pairs.flat(), named("op1", reserve(cpu))])
  expect(bench.master.view.operations.size).toBe(OPERATIONS_PER_AGENT_MAX)
  expect(bench.heard(web)[0]?.message).toContain("too many unacknowledged operations")
  expect(bench.total(agent)).toEqual(TOTAL)
})
