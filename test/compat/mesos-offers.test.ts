/**
 * Sections 2.7 and 6.1 of the reference: what an offer says, who is offered what by the capabilities of
 * frameworks and agents, and the constraints that frameworks put on offers.
 */
import { describe, expect, test } from "bun:test"
import type { RegisterMessage } from "#lib/mesos/index.ts"
import { TestMaster, TestStream, dig, until, type Json, type TestAgent } from "./master-harness.ts"
import {
  AGENT_CAPABILITIES,
  ENCODINGS,
  Scene,
  enumNames,
  launch,
  scalar,
  subscribe,
} from "./mesos-scene.ts"
import { resources } from "./master-view.ts"

const region = (name: string, zone = `${name}-a`) => ({
  faultDomain: { region: { name }, zone: { name: zone } },
})
const attributes = [
  { name: "rack", type: "TEXT", text: { value: "r7" } },
  { name: "rack", type: "TEXT", text: { value: "r8" } },
  { name: "level", type: "SCALAR", scalar: { value: 3 } },
] as const
const capable = (types: readonly string[]) => ({ capabilities: types.map((type) => ({ type })) })
const volume = {
  name: "disk",
  value: { kind: "scalar", milli: 5_000 },
  reservations: [{ type: "DYNAMIC", role: "db" }],
  disk: { persistence: { id: "v" }, volume: { containerPath: "d", mode: "RW" } },
} as const

/** A master of region "eu". */
const MASTER = { id: "m", ip: 1, port: 5050, hostname: "m1", domain: region("eu") }
const start = (): Promise<TestMaster> => TestMaster.start({}, undefined, { info: MASTER })
const agentOf = (
  master: TestMaster,
  info: object,
  more: Partial<RegisterMessage> = {},
): Promise<TestAgent> =>
  master.agent({
    capabilities: AGENT_CAPABILITIES,
    info: { hostname: "a1", resources: resources("cpus:4;mem:4096"), ...info },
    ...more,
  })
const offersOf = (stream: TestStream): Json[] =>
  stream.events.flatMap((event) => (dig(event, "offers", "offers") ?? []) as Json[])
const resourcesOf = (stream: TestStream): Json[] =>
  offersOf(stream).flatMap(({ resources: list }) => list as Json[])

/** Does something that agents or frameworks come by, and waits until the allocator has looked at it. */
async function allocated(master: TestMaster, act: () => Promise<unknown>): Promise<void> {
  const runs = () => master.driver.view.metrics(0)["allocator/mesos/allocation_runs"] ?? 0
  const before = runs()
  await act()
  await until("a run of the allocator", () => {
    master.clock.advance(1)
    return runs() > before
  })
  await new Promise((resume) => setImmediate(resume))
}

test.each(ENCODINGS)("an offer in %s says all that is known of its agent", async (encoding) => {
  const scene = await Scene.open(encoding, {}, {}, { master: { info: MASTER, seed: 1 } })
  const agent = await agentOf(scene.master, {
    attributes,
    domain: region("eu", "eu-b"),
    port: 5052,
  })
  const offer = await scene.offer()
  const executor = { executor_id: { value: "e" }, command: { value: "executor" } }
  await scene.accept(offer, launch("web", offer, { command: undefined, executor }))
  const update_maintenance_schedule = {
    schedule: {
      windows: [
        {
          machine_ids: [{ hostname: "a1", ip: "10.0.2.1" }],
          unavailability: { start: { nanoseconds: 1_800_000_000_000_000_000 } },
        },
      ],
    },
  }
  await scene.answered(200, { type: "UPDATE_MAINTENANCE_SCHEDULE", update_maintenance_schedule })
  const latest = () => offersOf(scene.stream).findLast((each) => each["unavailability"])
  await until("the next offer", () => {
    scene.master.clock.advance(1_000)
    return latest() !== undefined
  })
  expect(latest()).toEqual({
    id: expect.anything() as unknown,
    framework_id: scene.frameworkId,
    agent_id: { value: agent.id },
    hostname: "a1",
    url: {
      scheme: "http",
      address: { hostname: "a1", ip: "10.0.2.1", port: 5052 },
      path: "/slave(1)",
    },
    domain: { fault_domain: { region: { name: "eu" }, zone: { name: "eu-b" } } },
    resources: expect.arrayContaining([
      { ...scalar("cpus", 3.9), allocation_info: { role: "*" } },
    ]) as unknown,
    attributes: [
      { name: "rack", type: "TEXT", text: { value: "r7" } },
      { name: "rack", type: "TEXT", text: { value: "r8" } },
      { name: "level", type: "SCALAR", scalar: { value: 3 } },
    ],
    executor_ids: [{ value: "e" }],
    unavailability: { start: { nanoseconds: 1_800_000_000_000_000_000 } },
    allocation_info: { role: "*" },
  })
})

describe("a framework's capability", () => {
  const MULTI = ["MULTI_ROLE", "RESERVATION_REFINEMENT"]
  /** Whether a framework of role db with these capabilities is offered what the row is about. */
  type Row = {
    readonly agent: (master: TestMaster) => Promise<unknown>
    readonly sees: (stream: TestStream) => boolean
    readonly without?: readonly string[]
  }
  const rows: Record<string, Row> = {
    GPU_RESOURCES: {
      agent: (master) => agentOf(master, { resources: resources("cpus:1;mem:64;gpus:1") }),
      sees: (stream) => resourcesOf(stream).some(({ name }) => name === "gpus"),
    },
    REGION_AWARE: {
      agent: (master) => agentOf(master, { domain: region("us") }),
      sees: (stream) => offersOf(stream).length > 0,
    },
    REVOCABLE_RESOURCES: {
      agent: (master) =>
        agentOf(master, {
          resources: [
            ...resources("cpus:1;mem:64"),
            ...resources("cpus:2").map((each) => ({ ...each, revocable: true })),
          ],
        }),
      sees: (stream) => resourcesOf(stream).some((each) => each["revocable"] !== undefined),
    },
    SHARED_RESOURCES: {
      agent: (master) =>
        agentOf(
          master,
          {},
          {
            checkpointedResources: [
              ...resources("cpus:4;mem:4096"),
              { ...volume, shared: true },
            ] as never,
          },
        ),
      sees: (stream) => resourcesOf(stream).some((each) => each["shared"] !== undefined),
    },
    RESERVATION_REFINEMENT: {
      agent: (master) =>
        agentOf(master, {
          resources: resources("cpus:1;mem:64").map((each) => ({
            ...each,
            reservations: [
              { type: "STATIC", role: "top" },
              { type: "DYNAMIC", role: "top/db" },
            ],
          })),
        }),
      sees: (stream) => offersOf(stream).length > 0,
      without: ["MULTI_ROLE"],
    },
    MULTI_ROLE: {
      agent: (master) => agentOf(master, {}),
      sees: (stream) => offersOf(stream).some((each) => each["allocation_info"] !== undefined),
      without: [],
    },
  }

  test.each(Object.keys(rows))("%s makes the difference", async (capability) => {
    const row = rows[capability]
    if (row === undefined) throw new Error("no such row")
    for (const has of [true, false]) {
      const types = has ? [...new Set([...MULTI, capability])] : (row.without ?? MULTI)
      const info = types.includes("MULTI_ROLE")
        ? { roles: ["db", "top/db"], ...capable(types) }
        : { roles: undefined, role: "db", ...capable(types) }
      const master = await start()
      const stream = await subscribe(master, "application/json", info)
      await stream.event("SUBSCRIBED")
      await allocated(master, () => row.agent(master))
      expect([has, row.sees(stream)]).toEqual([has, has])
    }
  })

  test("TASK_KILLING_STATE and PARTITION_AWARE are told to agents, with all others", async () => {
    const all = enumNames("mesos.v1.FrameworkInfo.Capability.Type")
    const scene = await Scene.open("application/json", capable(all))
    const agent = await agentOf(scene.master, {})
    await scene.running(agent)
    const launched = agent.received.find(({ kind }) => kind === "runTask")
    expect(dig(launched, "framework", "capabilities")).toEqual(all.map((type) => ({ type })))
  })
})

describe("an agent without", () => {
  test.each([
    ["MULTI_ROLE", { roles: ["db"] }],
    ["HIERARCHICAL_ROLE", { roles: ["db/a"] }],
  ])("%s is offered to nobody who needs it", async (missing, info) => {
    const master = await start()
    const stream = await subscribe(master, "application/json", info)
    const capabilities = AGENT_CAPABILITIES.filter((each) => each !== missing)
    await allocated(master, () => agentOf(master, {}, { capabilities }))
    expect(offersOf(stream)).toEqual([])
    await allocated(master, () => agentOf(master, { hostname: "a2" }))
    expect(offersOf(stream).map(({ hostname }) => hostname)).toEqual(["a2"])
  })
})

describe("offer constraints", () => {
  const rack = { attribute_name: "rack" }
  const level = { attribute_name: "level" }
  const none = { attribute_name: "none" }
  const pseudo = (pseudoattribute_type: string) => ({ pseudoattribute_type })
  type Row = readonly [what: string, selector: object, predicate: object, admits: boolean]
  const rows: readonly Row[] = [
    ["exists", rack, { exists: {} }, true],
    ["exists, absent", none, { exists: {} }, false],
    ["not_exists", rack, { not_exists: {} }, false],
    ["not_exists, absent", none, { not_exists: {} }, true],
    ["text_equals, the first of its name", rack, { text_equals: { value: "r7" } }, true],
    ["text_equals, not the second", rack, { text_equals: { value: "r8" } }, false],
    ["text_equals, absent", none, { text_equals: { value: "r7" } }, false],
    ["text_equals, no text", level, { text_equals: { value: "x" } }, true],
    ["text_not_equals", rack, { text_not_equals: { value: "r7" } }, false],
    ["text_not_equals, absent", none, { text_not_equals: { value: "r7" } }, true],
    ["text_matches", rack, { text_matches: { regex: "r[0-9]" } }, true],
    ["text_matches, in part", rack, { text_matches: { regex: "r" } }, false],
    ["text_matches, absent", none, { text_matches: { regex: ".*" } }, false],
    ["text_not_matches", rack, { text_not_matches: { regex: "r[0-9]" } }, false],
    ["text_not_matches, absent", none, { text_not_matches: { regex: ".*" } }, true],
    ["text_not_matches, no text", level, { text_not_matches: { regex: ".*" } }, true],
    ["the host's name", pseudo("HOSTNAME"), { text_equals: { value: "a1" } }, true],
    ["the region", pseudo("REGION"), { text_equals: { value: "us" } }, false],
    ["the zone", pseudo("ZONE"), { text_matches: { regex: "eu-." } }, true],
  ]
  /** The roles under which an agent is offered to a framework with these constraints. */
  const offeredTo = async (role_constraints: object): Promise<unknown[]> => {
    const master = await start()
    const framework_info = { user: "u", name: "picky", roles: ["a"], ...capable(["MULTI_ROLE"]) }
    const offer_constraints = { role_constraints }
    const subscribe = { framework_info, offer_constraints }
    const stream = new TestStream(await master.call({ type: "SUBSCRIBE", subscribe }))
    await stream.event("SUBSCRIBED")
    const [shown] = (await master.get("/frameworks"))["frameworks"] as Json[]
    expect(shown?.["offer_constraints"]).toEqual(offer_constraints)
    await allocated(master, () => agentOf(master, { attributes, domain: region("eu") }))
    return offersOf(stream).map((offer) => dig(offer, "allocation_info", "role"))
  }

  test.each(rows)("%s", async (_, selector, predicate, admits) => {
    const groups = [{ attribute_constraints: [{ selector, predicate }] }]
    expect(await offeredTo({ a: { groups } })).toEqual(admits ? ["a"] : [])
  })

  const holds = { selector: rack, predicate: { exists: {} } }
  const fails = { selector: none, predicate: { exists: {} } }
  test("hold together in a group", async () => {
    expect(await offeredTo({ a: { groups: [{ attribute_constraints: [holds, fails] }] } })).toEqual(
      [],
    )
  })

  test("are alternatives as groups", async () => {
    const groups = [[fails], [holds]].map((list) => ({ attribute_constraints: list }))
    expect(await offeredTo({ a: { groups } })).toEqual(["a"])
  })

  test("that are not given admit everything", async () => {
    expect(await offeredTo({})).toEqual(["a"])
  })
})
