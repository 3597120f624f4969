/**
 * Section 2.3 of the reference: a row for every offer operation, in JSON and in protobuf, with what the
 * agent is told and what the framework hears; and every rule by which one is refused.
 */
import { describe, expect, test } from "bun:test"
import type { ApplyOperationMessage } from "#lib/mesos/index.ts"
import { dig, until, type Json, type TestAgent } from "./master-harness.ts"
import {
  AGENT_CAPABILITIES,
  ENCODINGS,
  JSON_TYPE,
  Scene,
  UUID,
  enumNames,
  launch,
  scalar,
} from "./mesos-scene.ts"

const CAPABILITIES = ["MULTI_ROLE", "RESERVATION_REFINEMENT", "PARTITION_AWARE", "SHARED_RESOURCES"]
const INFO = { roles: ["db"], capabilities: CAPABILITIES.map((type) => ({ type })) }

type Members = Readonly<Record<string, unknown>>
const dynamic = (role: string, principal?: string) => ({
  type: "DYNAMIC",
  role,
  ...(principal === undefined ? {} : { principal }),
})
const reserved = (name: string, value: number, ...roles: readonly string[]): Members => ({
  ...scalar(name, value),
  reservations: (roles.length === 0 ? ["db"] : roles).map((role) => dynamic(role)),
})
const persistence = { id: "v" }
const seen = { container_path: "data", mode: "RW" }
const volume = (value: number, change: Members = {}): Members => ({
  ...reserved("disk", value),
  disk: { persistence, volume: seen },
  ...change,
})

const reserve = (...resources: readonly Members[]) => ({ type: "RESERVE", reserve: { resources } })
const unreserve = (...resources: readonly Members[]) => ({
  type: "UNRESERVE",
  unreserve: { resources },
})
const create = (...volumes: readonly Members[]) => ({ type: "CREATE", create: { volumes } })
const destroy = (...volumes: readonly Members[]) => ({ type: "DESTROY", destroy: { volumes } })
const grow = (of: Members, addition: Members) => ({
  type: "GROW_VOLUME",
  grow_volume: { volume: of, addition },
})
const shrink = (of: Members, value: number) => ({
  type: "SHRINK_VOLUME",
  shrink_volume: { volume: of, subtract: { value } },
})
const raw = (change: Members = {}): Members => ({
  ...scalar("disk", 10),
  provider_id: { value: "p" },
  disk: { source: { type: "RAW", profile: "fast", ...change } },
})
const createDisk = (source: Members, change: Members = {}) => ({
  type: "CREATE_DISK",
  create_disk: { source, target_type: "MOUNT", ...change },
})
const destroyDisk = (source: Members) => ({ type: "DESTROY_DISK", destroy_disk: { source } })

const sentTo = (agent: TestAgent): ApplyOperationMessage[] =>
  agent.received.filter((each) => each.kind === "applyOperation")
const told = (scene: Scene, type: string, member: string): Json[] =>
  scene.stream.events
    .filter((event) => event["type"] === type)
    .map((event) => dig(event, member, "status") as Json)
const outcomes = (scene: Scene) => told(scene, "UPDATE_OPERATION_STATUS", "update_operation_status")
const statuses = (scene: Scene) => told(scene, "UPDATE", "update")

/** A framework of role db with an offer of a whole agent. */
async function open(encoding: string, info: Members = {}, capabilities = AGENT_CAPABILITIES) {
  const scene = await Scene.open(encoding, { ...INFO, ...info })
  const agent = await scene.master.agent({ capabilities: [...capabilities] })
  return { scene, agent, offer: await scene.offer() }
}
type Opened = Awaited<ReturnType<typeof open>>

/** The agent does the last operation that it was sent, and the framework acknowledges. */
async function finish({ scene, agent }: Opened, state = "OPERATION_FINISHED"): Promise<Json> {
  const sent = sentTo(agent).at(-1)
  if (sent === undefined) throw new Error("the agent was sent no operation")
  const before = outcomes(scene).length
  agent.send({
    kind: "operationUpdate",
    frameworkId: scene.id,
    operationUuid: sent.uuid,
    status: {
      ...(sent.operationId === undefined ? {} : { operationId: sent.operationId }),
      state: state as never,
      uuid: { value: UUID },
      agentId: agent.id,
    },
  })
  await until("the outcome", () => outcomes(scene).length > before)
  return outcomes(scene).at(-1) ?? {}
}

/** Accepts with this operation last, named "last"; those before it are made to happen. */
async function accept(at: Opened, ...operations: readonly object[]): Promise<void> {
  const last = { ...operations.at(-1), id: { value: "last" } }
  await at.scene.accept(at.offer, ...operations.slice(0, -1), last)
}

const kinds = (agent: TestAgent): string[] => sentTo(agent).map(({ operation }) => operation.kind)
const totalOf = ({ scene, agent }: Opened) =>
  scene.master.get(`/slaves?slave_id=${agent.id}`).then(({ slaves }) => dig(slaves, 0) as Json)

/** Each operation: what it does, told by what the agent hears and what the cluster shows. */
const ROWS: Record<string, (at: Opened) => Promise<void>> = {
  LAUNCH: async ({ scene, agent, offer }) => {
    await scene.accept(
      offer,
      launch("web", offer, { health_check: { command: { value: "true" } } }),
    )
    expect(agent.received.at(-1)).toMatchObject({
      kind: "runTask",
      task: {
        taskId: "web",
        // What a scheduler may leave out.
        healthCheck: { type: "COMMAND" },
        resources: [{ allocationRole: "db" }, { allocationRole: "db" }],
      },
    })
  },
  LAUNCH_GROUP: async ({ scene, agent, offer }) => {
    const tasks = ["a", "b"].map((id) => launch(id, offer).launch.task_infos[0])
    await scene.accept(offer, {
      type: "LAUNCH_GROUP",
      launch_group: {
        executor: {
          type: "DEFAULT",
          executor_id: { value: "pod" },
          framework_id: scene.frameworkId,
          resources: [scalar("cpus", 0.1), scalar("mem", 32), scalar("disk", 10)],
        },
        task_group: { tasks },
      },
    })
    expect(agent.received.at(-1)).toMatchObject({
      kind: "runTaskGroup",
      executor: { type: "DEFAULT", executorId: "pod" },
      taskGroup: { tasks: [{ taskId: "a" }, { taskId: "b" }] },
    })
    const { tasks: shown } = await scene.master.get("/tasks?order=asc")
    expect(shown).toMatchObject([{ executor_id: "pod" }, { executor_id: "pod" }])
  },
  RESERVE: async (at) => {
    await accept(at, reserve(reserved("cpus", 1)))
    expect(await finish(at)).toMatchObject({ state: "OPERATION_FINISHED", uuid: { value: UUID } })
    expect(dig(await totalOf(at), "reserved_resources", "db")).toMatchObject({ cpus: 1 })
  },
  UNRESERVE: async (at) => {
    await accept(at, reserve(reserved("cpus", 2)), unreserve(reserved("cpus", 1)))
    await finish(at)
    expect(kinds(at.agent)).toEqual(["reserve", "unreserve"])
    expect(dig(await totalOf(at), "reserved_resources", "db")).toMatchObject({ cpus: 1 })
  },
  CREATE: async (at) => {
    await accept(at, reserve(reserved("disk", 10)), create(volume(10)))
    await finish(at)
    expect(dig(await totalOf(at), "reserved_resources_full", "db", 0, "disk")).toMatchObject({
      persistence,
      volume: seen,
    })
  },
  DESTROY: async (at) => {
    await accept(at, reserve(reserved("disk", 10)), create(volume(10)), destroy(volume(10)))
    await finish(at)
    expect(kinds(at.agent)).toEqual(["reserve", "create", "destroy"])
    expect(dig(await totalOf(at), "reserved_resources_full", "db", 0)).not.toHaveProperty("disk")
  },
  GROW_VOLUME: async (at) => {
    await at.scene.accept(at.offer, reserve(reserved("disk", 20)), create(volume(10)))
    const offer = await again(at)
    await accept({ ...at, offer }, grow(volume(10), reserved("disk", 5)))
    await finish(at)
    expect(sizesOf(await totalOf(at))).toEqual([5, 15])
  },
  SHRINK_VOLUME: async (at) => {
    await at.scene.accept(at.offer, reserve(reserved("disk", 20)), create(volume(20)))
    const offer = await again(at)
    await accept({ ...at, offer }, shrink(volume(20), 5))
    await finish(at)
    expect(sizesOf(await totalOf(at))).toEqual([5, 15])
  },
  // No agent has a resource provider, whose disks these are: the answer says so.
  CREATE_DISK: async (at) => {
    await accept(at, createDisk(raw()))
    expect(outcomes(at.scene)).toMatchObject([
      {
        state: "OPERATION_ERROR",
        message: expect.stringContaining("no resource provider 'p'") as never,
      },
    ])
  },
  DESTROY_DISK: async (at) => {
    await accept(at, destroyDisk(raw({ id: "d" })))
    expect(outcomes(at.scene)).toMatchObject([
      {
        state: "OPERATION_ERROR",
        message: expect.stringContaining("no resource provider 'p'") as never,
      },
    ])
  },
}

/** The next offer: what operations changed is offered at once. */
async function again({ scene, offer }: Opened): Promise<Json> {
  const newest = () =>
    dig(
      scene.stream.events.findLast((event) => event["type"] === "OFFERS"),
      "offers",
      "offers",
      0,
    ) as Json
  await until("the next offer", () => dig(newest(), "id", "value") !== dig(offer, "id", "value"))
  return newest()
}
const sizesOf = (total: Json): unknown[] =>
  (dig(total, "reserved_resources_full", "db") as Json[])
    .map((each) => dig(each, "scalar", "value") as number)
    .sort((a, b) => a - b)

describe.each(ENCODINGS)("every operation in %s", (encoding) => {
  test.each(Object.keys(ROWS))("%s", async (type) => {
    const at = await open(encoding)
    await ROWS[type]?.(at)
    at.scene.master.driver.checkInvariants()
  })
})

test("no operation lacks a row", () => {
  expect(Object.keys(ROWS).sort()).toEqual(enumNames("mesos.v1.Offer.Operation.Type"))
})

describe("an operation that breaks a rule is an OPERATION_ERROR, and the rest goes on", () => {
  const place = (change: Members) =>
    volume(5, { disk: { persistence, volume: { ...seen, ...change } } })
  type Row = readonly [what: string, message: string, ...operations: readonly object[]]
  const rows: readonly Row[] = [
    ["RESERVE nothing", "'reserve.resources' is invalid: it must not be empty", reserve()],
    [
      "RESERVE for nobody",
      "'reserve.resources[0].reservations' is invalid: Resource 'cpus' is not dynamically reserved",
      reserve(scalar("cpus", 1)),
    ],
    [
      "RESERVE for everybody",
      "'reserve.resources[0].reservations[0].role' is invalid: Invalid reservation of 'cpus': Resources cannot be reserved to role '*'",
      reserve(reserved("cpus", 1, "*")),
    ],
    [
      "RESERVE for a role that is not the offer's",
      "'reserve.resources[0].reservations' is invalid: The reservation is for role 'web', the offer for 'db'",
      reserve(reserved("cpus", 1, "web")),
    ],
    [
      "RESERVE by itself for good",
      "'reserve.resources[0].reservations' is invalid: Resource 'cpus' is not dynamically reserved",
      reserve({ ...scalar("cpus", 1), reservations: [{ type: "STATIC", role: "db" }] }),
    ],
    [
      "RESERVE what may be taken away",
      "'reserve.resources[0].revocable' is invalid: Revocable resource 'cpus' cannot be reserved",
      reserve({ ...reserved("cpus", 1), revocable: {} }),
    ],
    [
      "RESERVE of several providers",
      "'reserve.resources.provider_id' is invalid: all resources must be of the same resource provider",
      reserve(reserved("cpus", 1), { ...reserved("mem", 1), provider_id: { value: "p" } }),
    ],
    [
      "RESERVE with a source",
      "'reserve.source' is invalid: Only operators may reserve anew what is reserved",
      {
        type: "RESERVE",
        reserve: { source: [reserved("cpus", 1)], resources: [reserved("cpus", 1)] },
      },
    ],
    [
      "RESERVE more than is offered",
      "'reserve.resources' is invalid: cpus:100 is not contained in",
      reserve(reserved("cpus", 100)),
    ],
    [
      "UNRESERVE what is not reserved",
      "'unreserve.resources[0].reservations' is invalid: Resource 'cpus' is not dynamically reserved",
      unreserve(scalar("cpus", 1)),
    ],
    [
      "UNRESERVE what nobody reserved",
      "'unreserve.resources' is invalid: cpus(",
      unreserve(reserved("cpus", 1)),
    ],
    [
      "UNRESERVE a volume",
      "'unreserve.resources[0].disk.persistence' is invalid: A persistent volume must be destroyed first",
      reserve(reserved("disk", 5)),
      create(volume(5)),
      unreserve(volume(5)),
    ],
    [
      "CREATE what is not reserved",
      "'create.volumes[0].reservations' is invalid: Persistent volumes cannot be created from unreserved resources",
      create({ ...volume(5), reservations: [] }),
    ],
    [
      "CREATE what may be taken away",
      "'create.volumes[0].revocable' is invalid: Revocable resource 'disk' cannot be reserved",
      create({ ...volume(5), revocable: {} }),
    ],
    [
      "CREATE no volume",
      "'create.volumes[0].disk.persistence' is invalid: Resource 'disk' is not a persistent volume",
      create(reserved("disk", 5)),
    ],
    [
      "CREATE without a place",
      "'create.volumes[0].disk.volume' is invalid: A persistent volume needs it: where tasks see the data",
      create(volume(5, { disk: { persistence } })),
    ],
    [
      "CREATE read only",
      "'create.volumes[0].disk.volume.mode' is invalid: It must be RW",
      create(place({ mode: "RO" })),
    ],
    [
      "CREATE at a place of the host",
      "'create.volumes[0].disk.volume.host_path' is invalid: It must not be set: the agent chooses the place",
      create(place({ host_path: "/data" })),
    ],
    [
      "CREATE without a container path",
      "'create.volumes[0].disk.volume.container_path' is invalid: It must not be empty",
      create(place({ container_path: "" })),
    ],
    [
      "CREATE with a bad id",
      "'create.volumes[0].disk.persistence.id' is invalid: 'a/b' contains invalid characters",
      create(volume(5, { disk: { persistence: { id: "a/b" }, volume: seen } })),
    ],
    [
      "CREATE one id twice",
      "'create.volumes[1].disk.persistence.id' is invalid: Persistence ID 'v' is not unique",
      create(volume(5), volume(6)),
    ],
    [
      "CREATE an id that the role has",
      "'create.volumes[0].disk.persistence.id' is invalid: Persistence ID 'v' already exists for role 'db'",
      reserve(reserved("disk", 10)),
      create(volume(5)),
      create(volume(5)),
    ],
    [
      "CREATE from cpus",
      "'create.volumes[0].disk' is invalid: DiskInfo must not be set for resource 'cpus'",
      create({ ...volume(5), name: "cpus" }),
    ],
    [
      "DESTROY what is no volume",
      "'destroy.volumes[0].disk.persistence' is invalid: Resource 'disk' is not a persistent volume",
      destroy(reserved("disk", 5)),
    ],
    [
      "DESTROY what is not there",
      "'destroy.volumes[0]' is invalid: The persistent volume does not exist",
      destroy(volume(5)),
    ],
    [
      "GROW_VOLUME by nothing",
      "'grow_volume.addition.scalar.value' is invalid: It must be greater than zero",
      grow(volume(5), reserved("disk", 0)),
    ],
    [
      "GROW_VOLUME by what is reserved to others",
      "'grow_volume.addition' is invalid: It must be of the same disk and reservation as 'grow_volume.volume'",
      grow(volume(5), reserved("disk", 1, "web")),
    ],
    [
      "GROW_VOLUME that is shared",
      "'grow_volume.volume.shared' is invalid: A shared persistent volume cannot be resized",
      grow(volume(5, { shared: {} }), reserved("disk", 1)),
    ],
    [
      "GROW_VOLUME of a provider",
      "'grow_volume.volume.provider_id' is invalid: A volume of a resource provider cannot be resized",
      grow(volume(5, { provider_id: { value: "p" } }), reserved("disk", 1)),
    ],
    [
      "GROW_VOLUME that is none",
      "'grow_volume.volume.disk.persistence' is invalid: Resource 'disk' is not a persistent volume",
      grow(reserved("disk", 5), reserved("disk", 1)),
    ],
    [
      "SHRINK_VOLUME by nothing",
      "'shrink_volume.subtract' is invalid: It must be greater than zero",
      shrink(volume(5), 0),
    ],
    [
      "SHRINK_VOLUME by all of it",
      "'shrink_volume.subtract' is invalid: It must be less than the size of the volume",
      shrink(volume(5), 5),
    ],
    [
      "SHRINK_VOLUME of a whole disk",
      "'shrink_volume.volume.disk.source.type' is invalid: A volume on a MOUNT disk cannot be resized",
      shrink(
        volume(5, {
          disk: { persistence, volume: seen, source: { type: "MOUNT", mount: { root: "/d" } } },
        }),
        1,
      ),
    ],
    [
      "CREATE_DISK without a provider",
      "'create_disk.source.provider_id' is invalid: It must name a resource provider",
      createDisk({ ...raw(), provider_id: undefined }),
    ],
    [
      "CREATE_DISK from what is no raw disk",
      "'create_disk.source.disk.source.type' is invalid: It must be RAW",
      createDisk(raw({ type: "MOUNT" })),
    ],
    [
      "CREATE_DISK of another kind",
      "'create_disk.target_type' is invalid: It must be MOUNT or BLOCK",
      createDisk(raw(), { target_type: "PATH" }),
    ],
    [
      "CREATE_DISK with two profiles",
      "'create_disk.target_profile' is invalid: It must not be set when 'create_disk.source' has a profile",
      createDisk(raw(), { target_profile: "slow" }),
    ],
    [
      "CREATE_DISK with no profile",
      "'create_disk.target_profile' is invalid: It must be set when 'create_disk.source' has no profile",
      createDisk(raw({ profile: undefined })),
    ],
    [
      "DESTROY_DISK without an id",
      "'destroy_disk.source.disk.source.id' is invalid: It must be set",
      destroyDisk(raw()),
    ],
    [
      "DESTROY_DISK of a folder",
      "'destroy_disk.source.disk.source.type' is invalid: It must be MOUNT, BLOCK or RAW",
      destroyDisk(raw({ type: "PATH", id: "d" })),
    ],
    [
      "DESTROY_DISK with a volume on it",
      "'destroy_disk.source.disk.persistence' is invalid: A persistent volume must be destroyed first",
      destroyDisk({
        ...volume(5),
        provider_id: { value: "p" },
        disk: { persistence, volume: seen, source: { type: "RAW", id: "d" } },
      }),
    ],
  ]
  test.each(rows)("%s", async (_, message, ...operations) => {
    const at = await open(JSON_TYPE)
    const { scene, agent, offer } = at
    const last = { ...operations.at(-1), id: { value: "last" } }
    await scene.accept(offer, ...operations.slice(0, -1), last, launch("web", offer))
    await until("the outcome", () => outcomes(scene).length > 0)
    expect(outcomes(scene)).toEqual([
      {
        operation_id: { value: "last" },
        state: "OPERATION_ERROR",
        message: expect.stringContaining(message) as never,
        agent_id: { value: agent.id },
      },
    ])
    expect(kinds(agent)).toHaveLength(operations.length - 1)
    expect(agent.received.at(-1)?.kind).toBe("runTask")
    scene.master.driver.checkInvariants()
  })

  test("without an id it is skipped in silence", async () => {
    const { scene, agent, offer } = await open(JSON_TYPE)
    await scene.accept(offer, unreserve(reserved("cpus", 1)), launch("web", offer))
    await until("the launch", () => agent.received.some(({ kind }) => kind === "runTask"))
    expect([outcomes(scene), statuses(scene), kinds(agent)]).toEqual([[], [], []])
  })

  test.each([
    ["LAUNCH", "REASON_TASK_INVALID"],
    ["LAUNCH_GROUP", "REASON_TASK_GROUP_INVALID"],
  ])("%s with an id is a TASK_ERROR of its tasks", async (type, reason) => {
    const { scene, offer } = await open(JSON_TYPE)
    const { task_infos } = launch("web", offer).launch
    const operation =
      type === "LAUNCH"
        ? launch("web", offer)
        : {
            type,
            launch_group: {
              executor: { executor_id: { value: "e" } },
              task_group: { tasks: task_infos },
            },
          }
    await scene.accept(offer, { ...operation, id: { value: "last" } })
    await until("the refusal", () => statuses(scene).length > 0)
    expect(statuses(scene)).toMatchObject([
      {
        state: "TASK_ERROR",
        reason,
        message: expect.stringContaining(`in the ${type} operation`) as never,
      },
    ])
  })
})

describe("who may ask", () => {
  const mine = (principal: string) => ({
    ...reserved("disk", 5),
    reservations: [dynamic("db", principal)],
  })
  type Row = readonly [what: string, field: string, info: Members, operation: object]
  test.each<Row>([
    [
      "a reservation in the name of another",
      "'reserve.resources[0].reservations[0].principal' is invalid: 'q' is not 'p', who asks for it",
      { principal: "p" },
      reserve(mine("q")),
    ],
    [
      "a reservation in nobody's name",
      "'reserve.resources[0].reservations[0].principal' is invalid: It must be 'p', who asks for it",
      { principal: "p" },
      reserve(reserved("disk", 5)),
    ],
    [
      "a volume in nobody's name",
      "'create.volumes[0].disk.persistence.principal' is invalid: It must be 'p', who asks for it",
      { principal: "p" },
      create({ ...volume(5), ...mine("p"), disk: { persistence, volume: seen } }),
    ],
    [
      "a shared volume without SHARED_RESOURCES",
      "'create.volumes[0].shared' is invalid: The framework lacks the capability SHARED_RESOURCES",
      { capabilities: [{ type: "MULTI_ROLE" }, { type: "RESERVATION_REFINEMENT" }] },
      create(volume(5, { shared: {} })),
    ],
    [
      "a refined reservation without RESERVATION_REFINEMENT",
      "'reserve.resources[0].reservations' is invalid: The framework lacks the capability RESERVATION_REFINEMENT",
      { roles: ["db/a"], capabilities: [{ type: "MULTI_ROLE" }] },
      reserve({
        ...scalar("cpus", 1),
        reservations: [{ type: "STATIC", role: "db" }, dynamic("db/a")],
      }),
    ],
  ])("%s is refused", async (_, message, info, operation) => {
    const at = await open(JSON_TYPE, info)
    await accept(at, operation)
    expect(outcomes(at.scene)).toMatchObject([{ state: "OPERATION_ERROR", message }])
  })

  test.each<[missing: (typeof AGENT_CAPABILITIES)[number], field: string, operation: object]>([
    ["RESOURCE_PROVIDER", "id", reserve(reserved("cpus", 1))],
    ["AGENT_OPERATION_FEEDBACK", "id", reserve(reserved("cpus", 1))],
    ["RESIZE_VOLUME", "volume", shrink(volume(5), 1)],
  ])("an agent without %s is no place for what needs it", async (missing, field, operation) => {
    const capabilities = AGENT_CAPABILITIES.filter((each) => each !== missing)
    const at = await open(JSON_TYPE, {}, capabilities as never)
    await accept(at, operation)
    expect(outcomes(at.scene)).toMatchObject([
      {
        state: "OPERATION_ERROR",
        message: `'${field}' is invalid: Agent ${at.agent.id} lacks the capability ${missing}`,
      },
    ])
  })
})

describe("a framework without RESERVATION_REFINEMENT", () => {
  test("speaks of reservations in the old form, and hears of them in it", async () => {
    const at = await open(JSON_TYPE, { capabilities: [{ type: "MULTI_ROLE" }], principal: "p" })
    const details = { principal: "p", labels: { labels: [{ key: "k", value: "v" }] } }
    const old = { ...scalar("disk", 5), role: "db", reservation: details }
    await accept(
      at,
      reserve(old),
      create({ ...old, disk: { persistence: { id: "v", principal: "p" }, volume: seen } }),
    )
    expect(await finish(at)).toMatchObject({ state: "OPERATION_FINISHED" })
    const next = await again(at)
    const volumes = (next["resources"] as Json[]).filter((each) => each["disk"] !== undefined)
    expect(volumes).toEqual([
      {
        ...old,
        allocation_info: { role: "db" },
        disk: { persistence: { id: "v", principal: "p" }, volume: seen },
      },
    ])
    expect(dig(await totalOf(at), "reserved_resources_full", "db", 0)).toMatchObject({
      role: "db",
      reservation: details,
      reservations: [{ type: "DYNAMIC", role: "db", ...details }],
    })
  })

  test("must not say two things of one resource", async () => {
    const { scene, offer } = await open(JSON_TYPE)
    const both = { ...reserved("cpus", 1), role: "web" }
    const response = await scene.call({
      type: "ACCEPT",
      accept: { offer_ids: [offer["id"]], operations: [reserve(both)] },
    })
    expect(response.status).toBe(400)
    expect(await response.text()).toContain("accept.operations[0].reserve.resources[0]")
  })
})

describe("what operations report of their agent", () => {
  test.each([["OPERATION_FAILED"], ["OPERATION_DROPPED"]])(
    "%s gives back what was taken",
    async (state) => {
      const at = await open(JSON_TYPE)
      await at.scene.accept(at.offer, reserve(reserved("disk", 20)), create(volume(10)))
      const offer = await again(at)
      await accept({ ...at, offer }, grow(volume(10), reserved("disk", 5)))
      expect(await finish(at, state)).toMatchObject({ state, operation_id: { value: "last" } })
      expect(sizesOf(await totalOf(at))).toEqual([10, 10])
      at.scene.master.driver.checkInvariants()
    },
  )

  test.each([
    ["unreachable", "OPERATION_UNREACHABLE"],
    ["gone", "OPERATION_GONE_BY_OPERATOR"],
  ])("that the agent is %s is told of once, without uuid", async (how, state) => {
    const at = await open(JSON_TYPE)
    const { scene, agent } = at
    await accept(at, reserve(reserved("cpus", 1)))
    if (how === "gone") {
      const mark_agent_gone = { agent_id: { value: agent.id } }
      await scene.answered(200, { type: "MARK_AGENT_GONE", mark_agent_gone })
    } else {
      scene.master.driver.linkClosed(agent.link)
      await until("the loss", () => {
        scene.master.clock.advance(5_000)
        return outcomes(scene).length > 0
      })
    }
    await until("the outcome", () => outcomes(scene).length > 0)
    const [status, ...more] = outcomes(scene)
    expect(status).toMatchObject({
      operation_id: { value: "last" },
      agent_id: { value: agent.id },
      state,
    })
    expect(status).not.toHaveProperty("uuid")
    expect(more).toEqual([])
    const operation = { operation_id: { value: "last" }, agent_id: { value: agent.id } }
    const reconcile_operations = { operations: [operation] }
    await scene.accepted({ type: "RECONCILE_OPERATIONS", reconcile_operations })
    await until("the answer", () => outcomes(scene).length > 1)
    expect(outcomes(scene)[1]).toMatchObject({ state })
  })

  test("leftovers are refused for five seconds, unless the filters say otherwise", async () => {
    const { scene, offer } = await open(JSON_TYPE)
    const { offers } = scene.master.driver.view
    await scene.accept(offer, launch("web", offer))
    scene.master.clock.advance(4_000)
    await new Promise((resume) => setImmediate(resume))
    expect(offers.size).toBe(0)
    scene.master.clock.advance(1_001)
    await until("the rest", () => offers.size === 1)
  })
})
