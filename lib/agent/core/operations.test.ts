import { beforeEach, describe, expect, test } from "bun:test"
import {
  brandId,
  normalizeResources,
  parseResources,
  renderResources,
  type ApplyOperationMessage,
  type FrameworkId,
  type OfferOperation,
  type OperationId,
  type OperationUpdateMessage,
  type Resource,
  type Resources,
  type TaskId,
} from "#lib/mesos/index.ts"
import { testOptions, testTask, TestWorld } from "./test-world.ts"

const framework = brandId<FrameworkId>("m-0000")

function parse(text: string): Resources {
  const parsed = parseResources(text)
  if (!parsed.ok) throw new Error(text)
  return parsed.value
}

const reservations = [{ type: "DYNAMIC", role: "db", principal: "ops" }] as const
const reserved = (text: string): Resources => parse(text).map((each) => ({ ...each, reservations }))
const volume = (mib: number, over: Partial<Resource> = {}): Resource => ({
  ...reserved(`disk:${mib}`)[0]!,
  disk: {
    persistence: { id: "v1", principal: "ops" },
    volume: { containerPath: "data", mode: "RW" },
  },
  ...over,
})

const RESERVE: OfferOperation = { kind: "reserve", resources: reserved("cpus:1;disk:100") }
const CREATE: OfferOperation = { kind: "create", volumes: [volume(60)] }
const DESTROY: OfferOperation = { kind: "destroy", volumes: [volume(60)] }
const VOLUME_PATH = "/work/volumes/roles/db/v1"

let world: TestWorld
let serial = 0

beforeEach(() => {
  const resources = parse("cpus:4;mem:1024;disk:1000")
  world = new TestWorld(testOptions({ info: { hostname: "a1", port: 5051, resources } })).register()
})

function apply(operation: OfferOperation, over: Partial<ApplyOperationMessage> = {}): string {
  const uuid = `op-${serial++}`
  world.receive({ kind: "applyOperation", frameworkId: framework, uuid, operation, ...over })
  return over.uuid ?? uuid
}

const told = (): OperationUpdateMessage[] =>
  world.all("send").flatMap(({ message }) => (message.kind === "operationUpdate" ? [message] : []))

const outcomes = (): string[] => told().map(({ status }) => status.state)

const total = (): string => renderResources(world.agent.resources.total)

const registered = () => {
  world.give({ kind: "linkClosed" })
  world.give({ kind: "linkOpened" })
  world.advance(1_000)
  const sent = world
    .all("send")
    .flatMap(({ message }) => (message.kind === "register" ? [message] : []))
  return sent.at(-1)!
}

describe("an operation", () => {
  test("changes what the agent has, and its outcome is told with an id to acknowledge", () => {
    const uuid = apply(RESERVE, { operationId: brandId<OperationId>("op") })
    expect(told()).toEqual([
      {
        kind: "operationUpdate",
        frameworkId: framework,
        operationUuid: uuid,
        status: {
          operationId: brandId<OperationId>("op"),
          state: "OPERATION_FINISHED",
          convertedResources: normalizeResources(reserved("cpus:1;disk:100")),
          uuid: { value: expect.any(String) },
          agentId: world.agent.agentId,
        },
      },
    ])
    expect(registered().checkpointedResources).toEqual(world.agent.resources.total)
  })

  test("that arrives again is not applied again", () => {
    const uuid = apply(RESERVE)
    const before = total()
    apply(RESERVE, { uuid })
    expect(outcomes()).toEqual(["OPERATION_FINISHED", "OPERATION_FINISHED"])
    expect(total()).toBe(before)
  })

  test("that arrives again after it was acknowledged is not applied again", () => {
    const uuid = apply(RESERVE)
    const before = total()
    world.receive({ kind: "acknowledgeOperation", uuid: told()[0]!.status.uuid!.value })
    apply(RESERVE, { uuid })
    expect(outcomes()).toEqual(["OPERATION_FINISHED"])
    expect(total()).toBe(before)
  })

  test("is told again until it is acknowledged, also by the next life", () => {
    apply(RESERVE)
    world.advance(10_000)
    world.advance(20_000)
    expect(outcomes()).toHaveLength(3)
    world.crash()
    world.give({ kind: "start" })
    world.link()
    expect(outcomes()).toHaveLength(4)
    world.receive({ kind: "acknowledgeOperation", uuid: told()[0]!.status.uuid!.value })
    world.advance(3_600_000)
    expect(outcomes()).toHaveLength(4)
    expect(world.agent.resources.operations).toEqual([])
    world.crash()
    expect(world.agent.resources.operations).toEqual([])
  })

  test("is reported at registration while it is not acknowledged", () => {
    const uuid = apply(RESERVE)
    expect(registered().operations).toMatchObject([
      {
        uuid: { value: uuid },
        frameworkId: framework,
        latestStatus: { state: "OPERATION_FINISHED" },
      },
    ])
  })

  test("on what is not there is an error, and changes nothing", () => {
    const before = total()
    apply({ kind: "reserve", resources: reserved("cpus:40") })
    expect(told()[0]?.status).toMatchObject({
      state: "OPERATION_ERROR",
      message: expect.stringContaining("reserve.resources"),
    })
    expect(total()).toBe(before)
  })

  test("of a framework that is gone is forgotten", () => {
    apply(RESERVE)
    world.receive({ kind: "shutdownFramework", frameworkId: framework })
    expect(world.agent.resources.operations).toEqual([])
    expect([...world.store.keys()].filter((key) => key.includes("operation"))).toEqual([])
  })

  test("that is undone leaves the agent as it was started", () => {
    const before = total()
    apply(RESERVE)
    apply({ kind: "unreserve", resources: reserved("cpus:1;disk:100") })
    expect(total()).toBe(before)
    expect(registered().checkpointedResources).toEqual([])
  })
})

describe("a volume", () => {
  beforeEach(() => {
    apply(RESERVE)
    apply(CREATE)
    expect(outcomes()).toEqual(["OPERATION_FINISHED", "OPERATION_FINISHED"])
  })

  const useVolume = () => testTask("t", { resources: [{ ...volume(60), allocationRole: "db" }] })

  const runVolumeTask = (id = "t") => ({
    kind: "runTask" as const,
    framework: { id: framework, user: "ada", name: "m" },
    task: { ...useVolume(), taskId: brandId<TaskId>(id) },
    acceptedAt: world.now,
  })

  test("is made ready for its task, however that runs", () => {
    const source = { kind: "persistent", path: VOLUME_PATH, isMount: false, shared: false } as const
    world.run(useVolume())
    const order = { containerPath: "data", readOnly: false, source }
    expect(world.last("launch").volumes).toEqual([order])
  })

  test("is not destroyed while a task uses it", () => {
    world.run(useVolume())
    apply(DESTROY)
    expect(told().at(-1)?.status).toMatchObject({
      state: "OPERATION_ERROR",
      message: expect.stringContaining("in use"),
    })
    expect(world.all("removeVolume")).toEqual([])
  })

  test("loses its data when it is destroyed, though the agent dies meanwhile", () => {
    apply(DESTROY)
    expect(world.all("removeVolume")).toEqual([
      { kind: "removeVolume", path: VOLUME_PATH, isMount: false },
    ])
    world.crash()
    world.give({ kind: "start" })
    expect(world.all("removeVolume")).toHaveLength(2)
    world.give({ kind: "volumeRemoved", path: VOLUME_PATH })
    world.crash()
    world.give({ kind: "start" })
    expect(world.all("removeVolume")).toHaveLength(2)
  })

  test("is made anew in order, and its task starts once the old data is gone", () => {
    apply(DESTROY)
    apply(CREATE)
    expect(outcomes().slice(-2)).toEqual(["OPERATION_FINISHED", "OPERATION_FINISHED"])
    world.receive(runVolumeTask())
    expect(world.all("launch")).toEqual([])
    apply(DESTROY)
    expect(told().at(-1)?.status.message).toContain("in use")
    world.give({ kind: "volumeRemoved", path: VOLUME_PATH })
    expect(world.all("launch")).toHaveLength(1)
    expect(world.all("removeVolume")).toHaveLength(1)
  })

  test("keeps new data: a deletion is over, and stored as over, before a task starts", () => {
    apply(DESTROY)
    apply(CREATE)
    world.receive(runVolumeTask())
    world.crash()
    world.give({ kind: "start" })
    const { spec } = world.last("recover")
    world.give({ kind: "containerUnknown", containerId: spec.containerId })
    expect([world.all("launch").length, world.all("removeVolume").length]).toEqual([0, 2])
    world.give({ kind: "volumeRemoved", path: VOLUME_PATH })
    expect(world.all("launch")).toHaveLength(1)
    world.crash()
    world.give({ kind: "start" })
    expect(world.all("removeVolume")).toHaveLength(2)
  })

  test("a task that waits for the old data to go can be killed, and may not wait for ever", () => {
    apply(DESTROY)
    apply(CREATE)
    world.receive(runVolumeTask("killed"))
    world.receive(runVolumeTask("late"))
    world.receive({ kind: "killTask", frameworkId: framework, taskId: brandId("killed") })
    expect(world.updates().at(-1)?.status).toMatchObject({
      taskId: "killed",
      state: "TASK_KILLED",
      reason: "REASON_TASK_KILLED_DURING_LAUNCH",
    })
    world.advance(600_000)
    world.link()
    const late = world.updates().filter(({ status }) => String(status.taskId) === "late")
    expect(late.map(({ status }) => status.state)).toContain("TASK_FAILED")
    expect([...world.all("kill"), ...world.all("launch")]).toEqual([])
  })

  test("whose old data cannot be deleted fails its tasks, and the next one tries again", () => {
    apply(DESTROY)
    apply(CREATE)
    world.receive(runVolumeTask("first"))
    world.give({ kind: "volumeRemoved", path: VOLUME_PATH, error: "EBUSY" })
    expect(world.updates().at(-1)?.status).toMatchObject({
      taskId: "first",
      state: "TASK_FAILED",
      message: expect.stringContaining("EBUSY"),
    })
    world.receive(runVolumeTask("second"))
    expect(world.all("removeVolume")).toHaveLength(2)
    world.give({ kind: "volumeRemoved", path: VOLUME_PATH })
    expect(world.all("launch")).toHaveLength(1)
  })

  test("that the agent never heard of is not launched on", () => {
    const unknown = volume(60, { disk: { ...volume(60).disk, persistence: { id: "v2" } } })
    world.receive({
      kind: "runTask",
      framework: {
        id: framework,
        user: "ada",
        name: "m",
        capabilities: [{ type: "PARTITION_AWARE" }],
      },
      task: testTask("t", { resources: [unknown] }),
      acceptedAt: world.now,
    })
    expect(world.updates().at(-1)?.status).toMatchObject({
      state: "TASK_DROPPED",
      reason: "REASON_RESOURCES_UNKNOWN",
    })
  })

  test("may not lead out of the sandbox", () => {
    const out = volume(60, {
      disk: { ...volume(60).disk, volume: { containerPath: "../x", mode: "RW" } },
    })
    apply(DESTROY)
    world.give({ kind: "volumeRemoved", path: VOLUME_PATH })
    apply({ kind: "create", volumes: [out] })
    world.receive({
      kind: "runTask",
      framework: { id: framework, user: "ada", name: "m" },
      task: testTask("t", { resources: [out] }),
      acceptedAt: world.now,
    })
    expect(world.all("launch")).toEqual([])
  })
})

describe("an agent that starts with other resources", () => {
  const restarted = (text: string): TestWorld => {
    const resources = parse(text)
    const next = new TestWorld(testOptions({ info: { hostname: "a1", port: 5051, resources } }))
    for (const [key, value] of world.store) next.store.set(key, value)
    next.crash()
    return next
  }

  test("keeps what was reserved and made of the old ones", () => {
    apply(RESERVE)
    apply(CREATE)
    expect(renderResources(restarted("cpus:8;mem:2048;disk:1000").agent.resources.total)).toBe(
      renderResources(
        normalizeResources([
          ...parse("cpus:7;mem:2048;disk:900"),
          ...reserved("cpus:1;disk:40"),
          volume(60),
        ]),
      ),
    )
  })

  test("does not start when they are too few, and says what is missing", () => {
    apply(RESERVE)
    expect(() => restarted("cpus:8;mem:2048;disk:50")).toThrow(
      "give the agent the resources it had",
    )
  })
})
