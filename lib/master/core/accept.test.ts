import { beforeEach, describe, expect, test } from "bun:test"
import type {
  ExecutorId,
  ExecutorInfo,
  OfferId,
  OfferOperation,
  TaskInfo,
} from "#lib/mesos/index.ts"
import {
  Bench,
  frameworkInfo,
  resources,
  taskInfo,
  type TestAgent,
  type TestScheduler,
} from "./builders.ts"

let bench: Bench
let agent: TestAgent
let marathon: TestScheduler
beforeEach(() => {
  bench = new Bench()
  agent = bench.register()
  marathon = bench.subscribe(frameworkInfo({ roles: ["web"] }))
})

const firstOffer = (): OfferId => bench.offers(marathon).at(-1)!.id

function accept(
  operations: readonly OfferOperation[],
  over: { readonly offerIds?: readonly OfferId[]; readonly refuseSeconds?: number } = {},
) {
  const { offerIds = [firstOffer()], refuseSeconds = 3600 } = over
  return bench.call(marathon, { kind: "accept", offerIds, operations, filters: { refuseSeconds } })
}

const launch = (...taskInfos: readonly TaskInfo[]): OfferOperation => ({
  kind: "launch",
  taskInfos,
})
const task = (id: string, over: Partial<TaskInfo> = {}) => taskInfo(id, agent.id, over)
const executor = (over: Partial<ExecutorInfo> = {}): ExecutorInfo => ({
  executorId: "e1" as ExecutorId,
  command: { value: "run" },
  resources: resources("cpus:0.5;mem:64"),
  ...over,
})
const withExecutor = (id: string, info = executor()): TaskInfo => {
  const { command: _, ...rest } = task(id)
  return { ...rest, executor: info }
}
const used = () => bench.master.view.agents.get(agent.id)?.used

describe("LAUNCH", () => {
  test("sends each task with its framework and the offer's role, and books it as staging", () => {
    accept([launch(task("t1"), task("t2"))])
    const sent = bench.sent(agent.link, "runTask")
    expect(sent.map((each) => each.task.taskId as string)).toEqual(["t1", "t2"])
    expect(sent[0]).toMatchObject({
      framework: { id: marathon.id, name: "test" },
      acceptedAt: bench.now,
      task: { resources: [{ allocationRole: "web" }, { allocationRole: "web" }] },
    })
    const framework = bench.master.view.frameworks.get(marathon.id)!
    expect([...framework.tasks.values()]).toMatchObject([
      { taskId: "t1", state: "TASK_STAGING", role: "web", statuses: [], user: "svc" },
      { taskId: "t2", state: "TASK_STAGING" },
    ])
    expect(used()).toEqual(resources("cpus:2;mem:256", "web"))
    expect(framework.usedMilli.get("cpus")).toBe(2_000)
    expect(bench.statuses(marathon)).toEqual([])
  })

  test("fills in the type of a health check", () => {
    accept([launch(task("t1", { healthCheck: { http: { port: 80 } } }))])
    expect(bench.sent(agent.link, "runTask")[0]?.task.healthCheck?.type).toBe("HTTP")
  })

  test("an invalid task is refused alone", () => {
    accept([launch(task("t1", { resources: [] }), task("t2"))])
    expect(bench.statuses(marathon)).toMatchObject([
      {
        taskId: "t1",
        agentId: agent.id,
        state: "TASK_ERROR",
        reason: "REASON_TASK_INVALID",
        source: "SOURCE_MASTER",
        message: "Task uses no resources",
      },
    ])
    expect(bench.statuses(marathon)[0]?.uuid).toBeUndefined()
    expect(bench.sent(agent.link, "runTask").length).toBe(1)
  })

  test("a task that does not fit into what is left is refused, naming both", () => {
    accept([
      launch(
        task("t1", { resources: resources("cpus:6;mem:64") }),
        task("big", { resources: resources("cpus:3;mem:64") }),
      ),
    ])
    expect(bench.statuses(marathon)[0]?.message).toBe(
      "Total resources cpus:3;mem:64 required by task and its executor is more than available cpus:2;disk:1000;mem:16320;ports:[31000-32000]",
    )
  })

  test("the same task id twice is refused the second time, while live and while unreachable", () => {
    accept([launch(task("t1"), task("t1"))])
    expect(bench.statuses(marathon).map(({ message }) => message)).toEqual([
      "Task has duplicate ID: t1",
    ])
    bench.advance(90_000)
    bench.clear()
    const other = bench.register()
    bench.launch(marathon, [taskInfo("t1", other.id)])
    expect(bench.statuses(marathon)[0]?.message).toBe(
      "Task reuses the ID of an unreachable task: t1",
    )
  })

  test("a task id may be used again once its end is acknowledged", () => {
    accept([launch(task("t1"))], { refuseSeconds: 0 })
    bench.update(agent, marathon.id, { id: "t1", state: "TASK_FAILED", uuid: "u" })
    bench.call(marathon, {
      kind: "acknowledge",
      agentId: agent.id,
      taskId: "t1" as never,
      uuid: "u",
    })
    bench.launch(marathon, [task("t1")])
    expect(bench.sent(agent.link, "runTask").length).toBe(2)
    expect(bench.statuses(marathon).map(({ state }) => state)).toEqual(["TASK_FAILED"])
  })

  test("with an operation id is refused", () => {
    accept([{ id: "op" as never, ...launch(task("t1")) }])
    expect(bench.statuses(marathon)).toMatchObject([{ state: "TASK_ERROR" }])
    expect(bench.statuses(marathon)[0]?.message).toContain("'id' field was set in the LAUNCH")
  })

  test("a resource allocated to another role is refused", () => {
    accept([launch(task("t1", { resources: resources("cpus:1;mem:32", "db") }))])
    expect(bench.statuses(marathon)[0]?.message).toContain("allocated to role 'db'")
  })
})

describe("executors", () => {
  test("are counted once, and shared by the tasks that name them", () => {
    accept([launch(withExecutor("t1"), withExecutor("t2"))])
    expect(used()).toEqual(resources("cpus:2.5;mem:320", "web"))
    const [record] = [...(bench.master.view.agents.get(agent.id)?.executors ?? [])]
    expect(record).toMatchObject({ executorId: "e1", role: "web", frameworkId: marathon.id })
    const sent = bench.sent(agent.link, "runTask")
    expect(sent[0]?.task.executor?.frameworkId).toBe(marathon.id)
    expect(sent.map(({ launchExecutor }) => launchExecutor)).toEqual([true, false])
    bench.clear()
    bench.call(marathon, { kind: "revive" })
    expect(bench.offers(marathon)[0]?.executorIds).toEqual(["e1"] as ExecutorId[])
  })

  test("of one id must be equal", () => {
    accept([
      launch(withExecutor("t1"), withExecutor("t2", executor({ command: { value: "other" } }))),
    ])
    expect(bench.statuses(marathon)).toMatchObject([
      {
        taskId: "t2",
        message: "ExecutorInfo is not compatible with the live executor 'e1' on the agent",
      },
    ])
  })

  test("free their resources when they exit, and the framework hears of it", () => {
    accept([launch(withExecutor("t1"))])
    const exit = {
      kind: "executorExited",
      frameworkId: marathon.id,
      executorId: "e1" as ExecutorId,
      status: 256,
    } as const
    bench.fromAgent(agent.link, exit)
    bench.fromAgent(agent.link, exit)
    expect(bench.events(marathon.stream, "failure")).toEqual([
      { kind: "failure", agentId: agent.id, executorId: "e1" as ExecutorId, status: 256 },
    ])
    expect(used()).toEqual(resources("cpus:1;mem:128", "web"))
  })

  test("that do not fit beside the task refuse it", () => {
    accept([launch(withExecutor("t1", executor({ resources: resources("cpus:7.5;mem:64") })))])
    expect(bench.statuses(marathon)[0]?.message).toContain("cpus:8.5;mem:192 required by task")
  })
})

describe("LAUNCH_GROUP", () => {
  const group = (tasks: readonly TaskInfo[], over: Partial<ExecutorInfo> = {}): OfferOperation => {
    const { command: _, ...plain } = executor()
    const info: ExecutorInfo = {
      ...plain,
      type: "DEFAULT",
      frameworkId: marathon.id,
      resources: resources("cpus:0.1;mem:32;disk:10"),
      ...over,
    }
    return { kind: "launchGroup", executor: info, taskGroup: { tasks } }
  }

  test("launches all tasks with their executor in one message", () => {
    accept([group([task("t1"), task("t2")])])
    expect(bench.sent(agent.link, "runTaskGroup")).toMatchObject([
      {
        executor: { executorId: "e1" },
        launchExecutor: true,
        taskGroup: { tasks: [{ taskId: "t1" }, { taskId: "t2" }] },
      },
    ])
    const framework = bench.master.view.frameworks.get(marathon.id)!
    expect([...framework.tasks.values()].map(({ executorId }) => executorId as string)).toEqual([
      "e1",
      "e1",
    ])
    expect(used()).toEqual(resources("cpus:2.1;mem:288;disk:10", "web"))
  })

  test.each([
    [
      "a bad task",
      [
        ["t1", {}],
        ["t2", { resources: [] }],
      ],
      {},
      "Task 't2' is invalid",
    ],
    [
      "the same task twice",
      [
        ["t1", {}],
        ["t1", {}],
      ],
      {},
      "is twice in the group",
    ],
    [
      "too much together",
      [
        ["t1", { resources: resources("cpus:5;mem:1") }],
        ["t2", { resources: resources("cpus:5;mem:1") }],
      ],
      {},
      "more than available",
    ],
    [
      "the same port twice",
      [
        ["t1", { resources: resources("cpus:1;mem:32;ports:[31000-31000]") }],
        ["t2", { resources: resources("cpus:1;mem:32;ports:[31000-31001]") }],
      ],
      {},
      "There are overlapping resources",
    ],
    [
      "no framework id",
      [["t1", {}]],
      { frameworkId: undefined },
      "'ExecutorInfo.framework_id' must be set",
    ],
    [
      "a command with DEFAULT",
      [["t1", {}]],
      { command: { value: "x" } },
      "must not be set for 'DEFAULT'",
    ],
    ["no type", [["t1", {}]], { type: undefined }, "'ExecutorInfo.type' must be"],
    [
      "an executor too small",
      [["t1", {}]],
      { resources: resources("cpus:0.1;mem:31;disk:1") },
      "at least 32 MB mem",
    ],
    [
      "a Docker task",
      [["t1", { container: { type: "DOCKER", docker: { image: "x" } } }]],
      {},
      "Docker ContainerInfo is not supported",
    ],
    ["no tasks but one", [], {}, "cannot be empty"],
  ] as const)("is all or nothing: %s", (_name, tasks, over, message) => {
    accept([
      group(
        tasks.map(([id, change]) => task(id, change)),
        over,
      ),
    ])
    expect(bench.sent(agent.link, "runTaskGroup")).toEqual([])
    const statuses = bench.statuses(marathon)
    expect(statuses.length).toBe(tasks.length)
    for (const status of statuses) {
      expect(status).toMatchObject({ state: "TASK_ERROR", reason: "REASON_TASK_GROUP_INVALID" })
      expect(status.message).toContain(message)
    }
    expect(used()).toEqual([])
  })
})

describe("offers that cannot be used", () => {
  const dropped = (): readonly (string | undefined)[] => {
    expect(bench.statuses(marathon)).toMatchObject([
      { taskId: "t1", state: "TASK_DROPPED", reason: "REASON_INVALID_OFFERS" },
    ])
    return bench.statuses(marathon).map(({ message }) => message)
  }

  test("gone ones drop the tasks and free the offers named with them", () => {
    const second = bench.register()
    bench.clear()
    const offers = [...bench.master.view.offers.keys()]
    accept([launch(task("t1"))], { offerIds: [...offers, "M-O99" as OfferId] })
    expect(dropped()[0]).toContain("Offer M-O99 is no longer valid")
    // Both agents are free again and offered anew.
    expect(new Set(bench.offers(marathon).map(({ agentId }) => agentId))).toEqual(
      new Set([agent.id, second.id]),
    )
  })

  test("none, twice the same, or of two agents", () => {
    const offerId = firstOffer()
    accept([launch(task("t1"))], { offerIds: [] })
    expect(dropped()[0]).toContain("No offers specified")
    bench.clear()
    accept([launch(task("t1"))], { offerIds: [offerId, offerId] })
    expect(dropped()[0]).toContain(`Duplicate offer ${offerId}`)
    bench.register()
    bench.clear()
    accept([launch(task("t1"))], { offerIds: [...bench.master.view.offers.keys()] })
    expect(dropped()[0]).toContain("must belong to one single agent")
  })

  test("another framework's stay its own", () => {
    const other = bench.subscribe(frameworkInfo({ roles: ["db"] }))
    const offerId = firstOffer()
    bench.clear()
    bench.call(other, { kind: "accept", offerIds: [offerId], operations: [launch(task("t1"))] })
    expect(bench.statuses(other)[0]?.message).toContain("has invalid framework")
    expect(bench.master.view.offers.has(offerId)).toBe(true)
  })

  test("a repeated ACCEPT launches nothing twice", () => {
    const offerIds = [firstOffer()]
    accept([launch(task("t1"))], { offerIds })
    accept([launch(task("t1"))], { offerIds })
    expect(bench.sent(agent.link, "runTask").length).toBe(1)
    dropped()
  })

  test("frameworks that know no partitions hear TASK_LOST; operations with an id an error", () => {
    const old = bench.subscribe(frameworkInfo({ roles: ["old"], caps: ["MULTI_ROLE"] }))
    bench.call(old, {
      kind: "accept",
      offerIds: [],
      operations: [launch(task("t1")), { id: "op1" as never, kind: "reserve" }],
    })
    expect(bench.statuses(old)).toMatchObject([{ state: "TASK_LOST" }])
    expect(bench.events(old.stream, "updateOperationStatus")).toMatchObject([
      { status: { operationId: "op1", state: "OPERATION_ERROR" } },
    ])
  })
})

describe("what an ACCEPT leaves", () => {
  test("stays hidden for the filter's time, 5 seconds when none is given", () => {
    bench.call(marathon, {
      kind: "accept",
      offerIds: [firstOffer()],
      operations: [launch(task("t1"))],
    })
    bench.clear()
    bench.advance(4_999)
    expect(bench.offers(marathon)).toEqual([])
    bench.advance(1)
    expect(bench.offers(marathon).length).toBe(1)
  })

  test("is offered at once when it asks for no filter", () => {
    const before = firstOffer()
    accept([launch(task("t1"))], { refuseSeconds: 0 })
    expect(firstOffer()).not.toBe(before)
    expect(bench.offers(marathon).at(-1)?.resources).toContainEqual(resources("cpus:7", "web")[0])
  })

  test("may be used again together with what was freed since", () => {
    accept([launch(task("t1"))], { refuseSeconds: 0 })
    bench.update(agent, marathon.id, { id: "t1", state: "TASK_FINISHED" })
    const offerIds = [...bench.master.view.offers.keys()]
    expect(offerIds.length).toBe(2)
    accept([launch(task("t2", { resources: resources("cpus:8;mem:16384") }))], { offerIds })
    expect(bench.sent(agent.link, "runTask").length).toBe(2)
    expect(used()).toEqual(resources("cpus:8;mem:16384", "web"))
  })
})

describe("DECLINE", () => {
  test.each([
    ["the default", undefined, 5_000],
    ["a minute", 60, 60_000],
    ["a negative time is the default", -1, 5_000],
    ["not a number is the default", Number.NaN, 5_000],
    ["no time at all is a short pause", 0, 1_000],
    ["a year at most", 1e12, 31_536_000_000],
  ] as const)("%s", (_name, refuseSeconds, expectedMs) => {
    bench = new Bench({ check: false, master: { timings: { agentPingsMissed: 1e9 } } })
    bench.register()
    marathon = bench.subscribe(frameworkInfo({ roles: ["web"] }))
    const offers = bench.offers(marathon)
    bench.clear()
    bench.decline(marathon, offers, refuseSeconds)
    // A jump, because a year of pings is long.
    bench.now += expectedMs - 1
    bench.feed({ kind: "wake" })
    expect(bench.offers(marathon)).toEqual([])
    bench.advance(1)
    expect(bench.offers(marathon).length).toBe(1)
  })

  test("an ACCEPT without operations is one", () => {
    accept([], { refuseSeconds: 60 })
    bench.clear()
    bench.keepAlive([agent], 59_000)
    expect(bench.offers(marathon)).toEqual([])
    bench.keepAlive([agent], 1_000)
    expect(bench.offers(marathon).length).toBe(1)
  })

  test("of an offer that is gone or another's is ignored", () => {
    const other = bench.subscribe(frameworkInfo({ roles: ["db"] }))
    const offers = bench.offers(marathon)
    expect(bench.decline(other, offers)).toEqual({ status: 202 })
    expect(bench.master.view.offers.size).toBe(1)
    bench.decline(marathon, offers, 60)
    expect(bench.decline(marathon, offers, 60)).toEqual({ status: 202 })
  })

  test("gives the offer to the next framework at once", () => {
    const other = bench.subscribe(frameworkInfo({ roles: ["db"] }))
    expect(bench.offers(other)).toEqual([])
    bench.decline(marathon, bench.offers(marathon), 60)
    expect(bench.offers(other).length).toBe(1)
  })
})

test("an offer that nobody answers is taken back, where a timeout is set", () => {
  bench = new Bench({ master: { timings: { offerMs: 30_000 } } })
  agent = bench.register()
  marathon = bench.subscribe(frameworkInfo({ roles: ["web"] }))
  const [offer] = bench.offers(marathon)
  bench.keepAlive([agent], 30_000)
  expect(bench.events(marathon.stream, "rescind")).toEqual([
    { kind: "rescind", offerId: offer!.id },
  ])
  expect(bench.offers(marathon).length).toBe(2)
})
