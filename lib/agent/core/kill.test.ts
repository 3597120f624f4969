import { expect, test } from "bun:test"
import { brandId, type KillPolicy, type TaskId, type TaskInfo } from "#lib/mesos/index.ts"
import { TestWorld, testFramework, testTask } from "./test-world.ts"

const KILLED = 9
const TERMINATED = 15

const policy = (seconds: number): KillPolicy => ({ gracePeriod: { nanoseconds: seconds * 1e9 } })

const running = (change: Partial<TaskInfo> = {}, framework = testFramework()) => {
  const w = new TestWorld().register()
  return { w, spec: w.runToRunning(testTask("web.1", change), framework) }
}

const kill = (w: TestWorld, killPolicy?: KillPolicy, id = "web.1"): void =>
  w.receive({
    kind: "killTask",
    frameworkId: testFramework().id!,
    taskId: brandId<TaskId>(id),
    ...(killPolicy === undefined ? {} : { killPolicy }),
  })

const forced = (w: TestWorld): boolean[] => w.all("kill").map(({ force }) => force)

test("sends TASK_KILLING and SIGTERM, after the grace SIGKILL, then TASK_KILLED", () => {
  const { w, spec } = running()
  kill(w)
  expect(w.states()).toEqual(["TASK_KILLING"])
  expect(forced(w)).toEqual([false])
  w.advance(2_999)
  expect(forced(w)).toEqual([false])
  w.advance(1)
  expect(forced(w)).toEqual([false, true])
  w.acknowledgeAll()
  w.exited(spec, KILLED)
  expect(w.updates().at(-1)?.status).toMatchObject({
    state: "TASK_KILLED",
    source: "SOURCE_EXECUTOR",
    message: "Command terminated with signal Killed",
  })
  w.advance(600_000)
  expect(forced(w)).toEqual([false, true])
})

test("repeats SIGKILL while the container does not end", () => {
  const { w } = running()
  kill(w)
  w.advance(3_000 + 10_000)
  expect(forced(w)).toEqual([false, true, true, true])
})

test("leaves TASK_KILLING out for a framework that does not know it", () => {
  const { w, spec } = running({}, testFramework({ capabilities: [] }))
  kill(w)
  expect(w.states()).toEqual([])
  w.exited(spec, TERMINATED)
  expect(w.states()).toEqual(["TASK_KILLED"])
})

test.each([
  ["the kill's own", policy(7), policy(20), 7_000],
  ["the task's", undefined, policy(20), 20_000],
  ["the default", undefined, undefined, 3_000],
] as const)("waits %s grace before SIGKILL", (_name, ofKill, ofTask, graceMs) => {
  const { w } = running(ofTask === undefined ? {} : { killPolicy: ofTask })
  kill(w, ofKill)
  w.advance(graceMs - 1)
  expect(forced(w)).toEqual([false])
  w.advance(1)
  expect(forced(w)).toEqual([false, true])
})

test("a grace of zero is SIGKILL at once", () => {
  const { w } = running()
  kill(w, policy(0))
  expect(forced(w)).toEqual([true])
})

test("a later kill may shorten the wait but not lengthen it", () => {
  const { w } = running()
  kill(w, policy(60))
  w.acknowledgeAll()
  w.advance(10_000)
  kill(w, policy(120))
  expect(forced(w)).toEqual([false])
  kill(w, policy(5))
  expect(forced(w)).toEqual([false, false])
  w.advance(5_000)
  expect(forced(w)).toEqual([false, false, true])
  expect(w.states()).toEqual(["TASK_KILLING"])
})

test("a task that ends well while it is killed counts as killed", () => {
  const { w, spec } = running()
  kill(w)
  w.exited(spec, 0)
  w.acknowledgeAll()
  expect(w.states().at(-1)).toBe("TASK_KILLED")
})

test("a kill that overtakes the launch aborts it", () => {
  const w = new TestWorld().register()
  const spec = w.run(testTask("web.1"))
  kill(w)
  expect(forced(w)).toEqual([true])
  expect(w.states()).toEqual([])
  const { containerId } = spec
  const reason = "REASON_CONTAINER_LAUNCH_FAILED"
  w.give({ kind: "containerFailed", containerId, reason, message: "given up" })
  expect(w.updates().map(({ status }) => [status.state, status.reason])).toEqual([
    ["TASK_KILLED", "REASON_TASK_KILLED_DURING_LAUNCH"],
  ])
})

test("a container that outran the kill of its launch is killed and never reported as running", () => {
  const w = new TestWorld().register()
  const spec = w.run(testTask("web.1"))
  kill(w)
  w.started(spec)
  expect(forced(w)).toEqual([true, true])
  w.exited(spec, KILLED)
  w.acknowledgeAll()
  expect(w.states()).toEqual(["TASK_KILLED"])
})

test("ignores kills of unknown and of ended tasks", () => {
  const { w, spec } = running()
  kill(w, undefined, "other")
  expect(w.all("kill")).toEqual([])
  w.exited(spec, 0)
  kill(w)
  w.acknowledgeAll()
  kill(w)
  expect(w.all("kill")).toEqual([])
  expect(w.states()).toEqual(["TASK_FINISHED"])
})

test("a task that reaches its max_completion_time is killed without grace and has failed", () => {
  const { w, spec } = running({ maxCompletionTime: { nanoseconds: 60e9 } })
  w.advance(59_999)
  expect(forced(w)).toEqual([])
  w.advance(1)
  expect(forced(w)).toEqual([true])
  w.exited(spec, KILLED)
  w.acknowledgeAll()
  expect(w.updates().at(-1)?.status).toMatchObject({
    state: "TASK_FAILED",
    reason: "REASON_MAX_COMPLETION_TIME_REACHED",
  })
})

test("a launch that takes too long is given up", () => {
  const w = new TestWorld().register()
  const { containerId } = w.run(testTask("web.1"))
  w.receive({ kind: "ping", sequence: 1 })
  w.advance(600_000)
  expect(forced(w)).toEqual([true])
  w.link()
  const reason = "REASON_CONTAINER_LAUNCH_FAILED"
  w.give({ kind: "containerFailed", containerId, reason, message: "given up" })
  expect(w.updates().at(-1)?.status).toMatchObject({
    state: "TASK_FAILED",
    reason: "REASON_EXECUTOR_REGISTRATION_TIMEOUT",
  })
})

test("tasks of an ended framework are killed and nobody hears of it", () => {
  const { w, spec } = running()
  w.run(testTask("web.2"))
  w.effects = []
  w.receive({ kind: "shutdownFramework", frameworkId: testFramework().id! })
  expect(forced(w)).toEqual([false, true])
  w.advance(5_000)
  w.exited(spec, KILLED)
  const [left] = [...w.agent.workload.tasks()]
  w.exited(left!.launch.spec!, KILLED)
  expect(w.updates()).toEqual([])
  expect([...w.agent.workload.tasks()]).toEqual([])
  expect(w.agent.streams.size).toBe(0)
  expect(w.agent.gc.paths).toHaveLength(2)
})

test("shutting an executor down kills its tasks with its own grace", () => {
  const { w } = running()
  const executorId = w.agent.workload.task(testFramework().id!, brandId<TaskId>("web.1"))!.launch
    .executorId
  w.receive({ kind: "shutdownExecutor", frameworkId: testFramework().id!, executorId })
  w.advance(4_999)
  expect(forced(w)).toEqual([false])
  w.advance(1)
  expect(forced(w)).toEqual([false, true])
})

test("draining kills with the shorter grace, says so, and refuses launches until it is done", () => {
  const { w, spec } = running({ killPolicy: policy(60) })
  w.receive({ kind: "drain", config: { maxGracePeriod: { nanoseconds: 10e9 } } })
  expect(w.updates().at(-1)?.status).toMatchObject({
    state: "TASK_KILLING",
    reason: "REASON_AGENT_DRAINING",
  })
  w.acknowledgeAll()
  w.receive({
    kind: "runTask",
    framework: testFramework(),
    task: testTask("web.2"),
    acceptedAt: w.now,
  })
  expect(w.updates().at(-1)?.status).toMatchObject({
    taskId: "web.2",
    state: "TASK_DROPPED",
    reason: "REASON_AGENT_DRAINING",
  })
  w.advance(10_000)
  expect(forced(w)).toEqual([false, true])
  w.exited(spec, KILLED)
  w.acknowledgeAll()
  expect(w.states().at(-1)).toBe("TASK_KILLED")
  expect(w.agent.drain.current).toBeUndefined()
  expect(w.store.has("/agent/drain")).toBe(false)
})

test("a second copy of a launch that was refused is refused too, once the agent drains no more", () => {
  const { w, spec } = running()
  w.receive({ kind: "drain", config: {} })
  const launch = { kind: "runTask", framework: testFramework(), task: testTask("web.2") } as const
  const acceptedAt = w.now
  w.receive({ ...launch, acceptedAt })
  w.exited(spec, TERMINATED)
  w.acknowledgeAll()
  expect(w.agent.drain.current).toBeUndefined()
  w.effects = []
  w.receive({ ...launch, acceptedAt })
  expect(w.all("launch")).toEqual([])
  w.advance(1)
  w.receive({ ...launch, acceptedAt: w.now })
  expect(w.all("launch")).toHaveLength(1)
})

test("an agent that drains for good reports its tasks as gone", () => {
  const { w, spec } = running()
  w.receive({ kind: "drain", config: { markGone: true } })
  w.exited(spec, TERMINATED)
  w.acknowledgeAll()
  expect(w.states().at(-1)).toBe("TASK_GONE_BY_OPERATOR")
})
