import { describe, expect, test } from "bun:test"
import {
  brandId,
  parseResources,
  renderResources,
  type ExecutorId,
  type FrameworkId,
  type TaskId,
  type TaskState,
  type TaskStatus,
} from "#lib/mesos/index.ts"
import type { ContainerId } from "#lib/ports/index.ts"
import { AGENT_ID, TestWorld, testFramework, testOptions, testTask } from "./test-world.ts"
import type { ExecutorConnection } from "./types.ts"

const frameworkId = testFramework().id!
const WORKER = brandId<ExecutorId>("worker")
const id = (text: string): TaskId => brandId<TaskId>(text)

let connections = 0

/** The executor opens a stream of events. */
function subscribe(
  w: TestWorld,
  containerId: ContainerId,
  known: { readonly tasks?: readonly string[]; readonly updates?: readonly TaskStatus[] } = {},
): ExecutorConnection {
  const connection = ++connections as ExecutorConnection
  w.give({
    kind: "executorSubscribed",
    containerId,
    connection,
    tasks: (known.tasks ?? []).map(id),
    updates: known.updates ?? [],
  })
  return connection
}

/** An update as an executor makes it; `uuid` is any text of 16 characters. */
const status = (taskId: string, state: TaskState, uuid: string): TaskStatus => ({
  taskId: id(taskId),
  state,
  uuid: btoa(uuid.padEnd(16, "-")),
  source: "SOURCE_EXECUTOR",
})

const update = (w: TestWorld, containerId: ContainerId, what: TaskStatus): void =>
  w.give({ kind: "executorUpdate", containerId, status: what })

/** Kinds of the events that were sent to executors. */
const heard = (w: TestWorld): string[] => w.all("executorEvent").map(({ event }) => event.kind)

const exits = (w: TestWorld): number[] =>
  w.all("send").flatMap(({ message }) => (message.kind === "executorExited" ? message.status : []))

const last = (w: TestWorld): TaskStatus => w.updates().at(-1)!.status

/** An executor that is subscribed and has the task "a", all of it acknowledged. */
function running() {
  const w = new TestWorld().register()
  const containerId = w.runInExecutor("a")
  w.started({ containerId })
  const connection = subscribe(w, containerId)
  update(w, containerId, status("a", "TASK_RUNNING", "running"))
  w.acknowledgeAll()
  w.effects = []
  return { w, containerId, connection }
}

describe("a custom executor", () => {
  test("is launched with its own command, and what it and its first task need", () => {
    const w = new TestWorld().register()
    const mem = parseResources("mem:32")
    const resources = mem.ok ? mem.value : []
    const containerId = w.runInExecutor("a", { resources }, testFramework(), { resources })
    const { spec, links } = w.last("launch")
    expect(spec.containerId).toBe(containerId)
    expect(spec.task.command).toEqual({ value: "./worker" })
    expect(renderResources(spec.task.resources ?? [])).toContain("64")
    expect(spec.environment["MESOS_EXECUTOR_ID"]).toBe("worker")
    expect(spec.environment["MESOS_AGENT_ENDPOINT"]).toBe("10.0.2.1:5051")
    expect(spec.environment["MESOS_RECOVERY_TIMEOUT"]).toBe("15mins")
    expect(spec.sandbox).toEndWith(`/executors/worker/runs/${containerId}`)
    expect(links[0]?.link).toEndWith("/executors/worker/runs/latest")
  })

  test("is sent its tasks once it subscribes, in order, and those that follow at once", () => {
    const w = new TestWorld().register()
    const containerId = w.runInExecutor("a")
    w.advance(1)
    w.runInExecutor("b")
    expect(w.all("launch")).toHaveLength(1)
    subscribe(w, containerId)
    w.advance(1)
    w.runInExecutor("c")
    expect(heard(w)).toEqual(["subscribed", "launch", "launch", "launch"])
    const [subscribed, first] = w.all("executorEvent").map(({ event }) => event)
    expect(subscribed).toMatchObject({
      executorInfo: { executorId: "worker", frameworkId },
      frameworkInfo: { name: "marathon" },
      agentInfo: { id: AGENT_ID },
      containerId: { value: containerId },
    })
    expect(first).toMatchObject({ kind: "launch", task: { taskId: "a" } })
  })

  test("gets a group as a whole", () => {
    const w = new TestWorld().register()
    w.receive({
      kind: "runTaskGroup",
      framework: testFramework(),
      executor: { type: "CUSTOM", executorId: WORKER, command: { value: "./worker" } },
      taskGroup: { tasks: [testTask("a"), testTask("b")] },
      acceptedAt: w.now,
    })
    subscribe(w, w.last("launch").spec.containerId)
    expect(w.last("executorEvent").event).toMatchObject({
      kind: "launchGroup",
      taskGroup: { tasks: [{ taskId: "a" }, { taskId: "b" }] },
    })
  })

  test("is shut down by a new subscription that nobody waits for", () => {
    const { w, containerId, connection } = running()
    const again = subscribe(w, containerId, { tasks: ["a"] })
    expect(w.all("closeExecutor").map((e) => e.connection)).toEqual([connection])
    w.effects = []
    w.exited({ containerId }, 0)
    expect(w.all("closeExecutor").map((e) => e.connection)).toEqual([again])
    const late = subscribe(w, containerId)
    expect(w.all("executorEvent").at(-1)).toEqual({
      kind: "executorEvent",
      connection: late,
      event: { kind: "shutdown" },
    })
  })

  test("that never subscribes is killed, and its tasks fail", () => {
    const w = new TestWorld(testOptions({ limits: { executorRegistrationMs: 60_000 } })).register()
    const containerId = w.runInExecutor("a")
    w.started({ containerId })
    w.advance(60_000)
    expect(w.last("kill")).toEqual({ kind: "kill", containerId, force: true })
    w.exited({ containerId }, 9)
    expect(last(w)).toMatchObject({
      state: "TASK_FAILED",
      reason: "REASON_EXECUTOR_REGISTRATION_TIMEOUT",
      source: "SOURCE_AGENT",
      message: "Executor did not register within 1mins",
    })
    expect(exits(w)).toEqual([9])
  })

  test("that takes more than it may is killed, and its tasks fail for that", () => {
    const { w, containerId } = running()
    const limitation = {
      reason: "REASON_CONTAINER_LIMITATION_DISK",
      message: "Disk usage (6MB) exceeds quota (5MB)",
      resources: [],
    } as const
    w.give({ kind: "limitReached", containerId, limitation })
    w.give({ kind: "limitReached", containerId, limitation })
    expect(w.all("kill")).toEqual([{ kind: "kill", containerId, force: true }])
    w.exited({ containerId }, 9)
    expect(last(w)).toMatchObject({
      state: "TASK_FAILED",
      source: "SOURCE_AGENT",
      reason: "REASON_CONTAINER_LIMITATION_DISK",
      message: "Disk usage (6MB) exceeds quota (5MB)",
      limitation: { resources: [] },
    })
  })

  test("that ends takes its tasks along, and is history once they are acknowledged", () => {
    const { w, containerId } = running()
    w.exited({ containerId }, 256)
    expect(last(w)).toMatchObject({
      state: "TASK_FAILED",
      reason: "REASON_EXECUTOR_TERMINATED",
      message: "Executor terminated",
    })
    expect(exits(w)).toEqual([256])
    const executors = () => w.agent.workload.framework(frameworkId)!.executors.size
    expect(executors()).toBe(1)
    w.acknowledgeAll()
    expect(executors()).toBe(0)
    expect(w.agent.gc.paths).toHaveLength(1)
  })

  test("that cannot be launched fails its tasks with the reason", () => {
    const w = new TestWorld().register()
    const containerId = w.runInExecutor("a")
    const reason = "REASON_CONTAINER_LAUNCH_FAILED"
    w.give({ kind: "containerFailed", containerId, reason, message: "no such file" })
    expect(last(w)).toMatchObject({ state: "TASK_FAILED", reason, message: "no such file" })
    expect(exits(w)).toEqual([-1])
  })

  test("lives on without tasks", () => {
    const { w, containerId } = running()
    update(w, containerId, status("a", "TASK_FINISHED", "done"))
    w.acknowledgeAll()
    expect(w.agent.workload.executorOf(containerId)?.process?.phase).toBe("running")
    w.effects = []
    w.advance(1)
    w.runInExecutor("b")
    expect(heard(w)).toEqual(["launch"])
  })

  test("with an id that is taken is refused, and so are groups the other way", () => {
    const w = new TestWorld().register()
    w.run(testTask("worker"))
    w.runInExecutor("b")
    expect(last(w)).toMatchObject({
      taskId: "b",
      state: "TASK_ERROR",
      reason: "REASON_TASK_INVALID",
    })
    const { w: other } = running()
    other.receive({
      kind: "runTaskGroup",
      framework: testFramework(),
      executor: { type: "DEFAULT", executorId: WORKER },
      taskGroup: { tasks: [testTask("c")] },
      acceptedAt: other.now,
    })
    expect(last(other)).toMatchObject({ taskId: "c", reason: "REASON_TASK_GROUP_INVALID" })
    expect([...w.all("launch"), ...other.all("launch")]).toHaveLength(1)
    // The master counts an executor that is refused, until it hears that there is none.
    expect(exits(w)).toEqual([-1])
    expect(exits(other)).toEqual([])
  })

  test("that has ended takes no more tasks, and the master hears that there is none", () => {
    const { w, containerId } = running()
    w.exited({ containerId }, 0)
    w.effects = []
    w.advance(1)
    w.runInExecutor("b")
    expect(last(w)).toMatchObject({ state: "TASK_DROPPED", message: "Executor terminated" })
    expect(exits(w)).toEqual([-1])
  })

  test("that is not to start with its task must be there", () => {
    const { w, containerId } = running()
    const { command: _, ...task } = testTask("b")
    const executor = { type: "CUSTOM", executorId: WORKER, command: { value: "./worker" } } as const
    const send = (taskId: string, launchExecutor: boolean): void => {
      w.advance(1)
      w.receive({
        kind: "runTask",
        framework: testFramework(),
        task: { ...task, taskId: id(taskId), executor },
        acceptedAt: w.now,
        launchExecutor,
      })
    }
    send("b", false)
    expect(heard(w)).toEqual(["launch"])
    w.exited({ containerId }, 0)
    w.acknowledgeAll()
    w.effects = []
    send("c", false)
    expect(last(w)).toMatchObject({
      taskId: "c",
      state: "TASK_DROPPED",
      reason: "REASON_EXECUTOR_TERMINATED",
      message: "No executor is expected to launch and there is none running",
    })
    expect(exits(w)).toEqual([])
    send("d", true)
    expect(w.all("launch")).toHaveLength(1)
  })

  test("that ends before the master has answered a registration is told of once more", () => {
    const { w, containerId } = running()
    w.crash()
    w.give({ kind: "start" })
    w.give({ kind: "linkOpened" })
    w.give({ kind: "containerExited", containerId, exit: { status: 0 } })
    expect(exits(w)).toEqual([0])
    w.effects = []
    const registered = { kind: "registered", agentId: AGENT_ID, pingTimeoutMs: 75_000 } as const
    w.receive({ ...registered, reconcile: [] })
    w.receive({ ...registered, reconcile: [] })
    expect(exits(w)).toEqual([0])
  })

  test("that is ending takes no more tasks", () => {
    const { w } = running()
    w.receive({ kind: "shutdownExecutor", frameworkId, executorId: WORKER })
    w.advance(1)
    w.runInExecutor("b")
    expect(last(w)).toMatchObject({
      taskId: "b",
      state: "TASK_DROPPED",
      reason: "REASON_EXECUTOR_TERMINATED",
      message: "Executor is terminating",
    })
  })
})

describe("updates of an executor", () => {
  test("reach the framework with the executor's uuid, and are acknowledged once stored", () => {
    const { w, containerId, connection } = running()
    const failed = status("a", "TASK_FAILED", "failed")
    update(w, containerId, { ...failed, message: "disk full" })
    expect(last(w)).toMatchObject({
      state: "TASK_FAILED",
      uuid: failed.uuid,
      message: "disk full",
      executorId: "worker",
      agentId: AGENT_ID,
      containerStatus: { containerId: { value: containerId } },
    })
    expect(w.last("executorEvent")).toEqual({
      kind: "executorEvent",
      connection,
      event: { kind: "acknowledged", taskId: id("a"), uuid: failed.uuid! },
    })
  })

  test("that come again are acknowledged, and not told twice", () => {
    const { w, containerId } = running()
    const done = status("a", "TASK_FINISHED", "done")
    update(w, containerId, done)
    update(w, containerId, done)
    update(w, containerId, status("a", "TASK_RUNNING", "late"))
    expect(w.updates()).toHaveLength(1)
    expect(heard(w)).toEqual(["acknowledged", "acknowledged", "acknowledged"])
  })

  test("of a task that it does not run are not told", () => {
    const { w, containerId } = running()
    update(w, containerId, status("other", "TASK_FINISHED", "done"))
    expect(w.updates()).toEqual([])
    expect(heard(w)).toEqual(["acknowledged"])
  })

  test("while draining say so", () => {
    const { w, containerId } = running()
    w.receive({ kind: "drain", config: { markGone: true } })
    expect(w.last("executorEvent").event).toMatchObject({
      kind: "kill",
      taskId: "a",
      killPolicy: { gracePeriod: { nanoseconds: 3e9 } },
    })
    update(w, containerId, status("a", "TASK_KILLED", "killed"))
    expect(last(w)).toMatchObject({
      state: "TASK_GONE_BY_OPERATOR",
      reason: "REASON_AGENT_DRAINING",
    })
  })
})

describe("kills", () => {
  const kill = (w: TestWorld, taskId: string): void =>
    w.receive({ kind: "killTask", frameworkId, taskId: id(taskId) })

  test("go to the executor, again when it may have missed them", () => {
    const { w, containerId } = running()
    kill(w, "a")
    expect(w.last("executorEvent").event).toEqual({ kind: "kill", taskId: id("a") })
    w.effects = []
    subscribe(w, containerId)
    expect(heard(w)).toEqual(["subscribed", "kill"])
  })

  test("of tasks that it has not got end them, and the executor that has nothing else", () => {
    const w = new TestWorld().register()
    const containerId = w.runInExecutor("a")
    kill(w, "a")
    expect(last(w)).toMatchObject({
      state: "TASK_KILLED",
      reason: "REASON_TASK_KILLED_DURING_LAUNCH",
      message: "Killed before delivery to the executor",
    })
    w.started({ containerId })
    subscribe(w, containerId)
    expect(heard(w)).toEqual(["shutdown"])
  })
})

describe("shutdown", () => {
  const shut = (w: TestWorld): void =>
    w.receive({ kind: "shutdownExecutor", frameworkId, executorId: WORKER })

  test("is asked for, and forced after the grace", () => {
    const { w, containerId } = running()
    shut(w)
    expect(heard(w)).toEqual(["shutdown"])
    w.advance(4_999)
    expect(w.all("kill")).toEqual([])
    w.advance(1)
    expect(w.last("kill")).toEqual({ kind: "kill", containerId, force: true })
    w.advance(5_000)
    expect(w.all("kill")).toHaveLength(2)
  })

  test("of the framework tells nothing of the tasks, and ends with the executor", () => {
    const { w, containerId } = running()
    w.receive({ kind: "shutdownFramework", frameworkId })
    expect(heard(w)).toEqual(["shutdown"])
    w.exited({ containerId }, 0)
    expect(w.updates()).toEqual([])
    expect(w.last("send").message).toEqual({ kind: "frameworkEnded", frameworkId })
    const framework = w.agent.workload.framework(frameworkId)!
    expect(framework.executors.size).toBe(0)
    expect(framework.completedExecutors).toHaveLength(1)
  })

  test("of the agent waits for the executor", () => {
    const { w, containerId } = running()
    w.receive({ kind: "shutdown", message: "refused" })
    expect(w.all("exit")).toEqual([])
    w.exited({ containerId }, 0)
    expect(w.last("exit").message).toBe("refused")
  })
})

describe("messages", () => {
  const frame = (w: TestWorld, executorId = WORKER): void =>
    w.receive({ kind: "frameworkMessage", frameworkId, executorId, data: "aGk=" })

  test("travel both ways", () => {
    const { w, containerId } = running()
    frame(w)
    expect(w.last("executorEvent").event).toEqual({ kind: "message", data: "aGk=" })
    w.give({ kind: "executorMessage", containerId, data: "eW8=" })
    expect(w.last("send").message).toEqual({
      kind: "executorMessage",
      frameworkId,
      executorId: WORKER,
      data: "eW8=",
    })
    expect(w.agent.counters.validFrameworkMessages).toBe(2)
  })

  test("are lost where nobody listens", () => {
    const { w, containerId, connection } = running()
    w.give({ kind: "executorDisconnected", containerId, connection })
    frame(w)
    frame(w, brandId<ExecutorId>("nobody"))
    expect(heard(w)).toEqual([])
    expect(w.agent.counters.invalidFrameworkMessages).toBe(2)
  })
})

describe("after a restart of the agent", () => {
  const restart = (w: TestWorld): void => {
    w.crash()
    w.give({ kind: "start" })
    w.link()
    w.effects = w.effects.filter(({ kind }) => kind === "recover" || kind === "removeOrphans")
  }

  test("the executor is looked for and subscribes again; updates it repeats are not told twice", () => {
    const { w, containerId } = running()
    const before = w.picture()
    restart(w)
    expect(w.picture()).toEqual(before)
    expect(w.last("recover").spec.containerId).toBe(containerId)
    expect(w.last("removeOrphans").known).toContain(containerId)
    w.started({ containerId })
    subscribe(w, containerId, { updates: [status("a", "TASK_RUNNING", "running")] })
    w.advance(2_000)
    expect(w.all("kill")).toEqual([])
    expect(w.updates()).toEqual([])
  })

  test("one that stays away is killed, and its tasks are gone", () => {
    const { w, containerId } = running()
    restart(w)
    w.started({ containerId })
    w.advance(2_000)
    expect(w.last("kill")).toEqual({ kind: "kill", containerId, force: true })
    w.exited({ containerId }, 9)
    expect(last(w)).toMatchObject({
      state: "TASK_GONE",
      reason: "REASON_EXECUTOR_REREGISTRATION_TIMEOUT",
      message: "Executor did not reregister within 2secs",
    })
  })

  test("one that stays away has lost its tasks for a framework that knows no partitions", () => {
    const framework = testFramework({ id: brandId<FrameworkId>("m-0001"), capabilities: [] })
    const w = new TestWorld().register()
    const containerId = w.runInExecutor("a", {}, framework)
    w.started({ containerId })
    const connection = subscribe(w, containerId)
    w.give({ kind: "executorDisconnected", containerId, connection })
    restart(w)
    w.started({ containerId })
    w.advance(2_000)
    w.exited({ containerId }, 9)
    expect(last(w)).toMatchObject({
      state: "TASK_LOST",
      source: "SOURCE_AGENT",
      reason: "REASON_EXECUTOR_REREGISTRATION_TIMEOUT",
    })
  })

  test("a task that never reached the executor is dropped; one that waits is delivered", () => {
    const { w, containerId, connection } = running()
    w.runInExecutor("lost")
    w.give({ kind: "executorDisconnected", containerId, connection })
    w.advance(1)
    w.runInExecutor("waits")
    restart(w)
    w.started({ containerId })
    subscribe(w, containerId)
    expect(last(w)).toMatchObject({
      taskId: "lost",
      state: "TASK_DROPPED",
      reason: "REASON_AGENT_RESTARTED",
    })
    expect(w.last("executorEvent").event).toMatchObject({
      kind: "launch",
      task: { taskId: "waits" },
    })
  })

  test("one that was never started is started", () => {
    const w = new TestWorld().register()
    const containerId = w.runInExecutor("a")
    restart(w)
    w.give({ kind: "containerUnknown", containerId })
    expect(w.last("launch").spec.containerId).toBe(containerId)
  })

  test("one whose end was asked for is killed when its grace is over", () => {
    const { w, containerId } = running()
    w.receive({ kind: "shutdownExecutor", frameworkId, executorId: WORKER })
    w.advance(3_000)
    restart(w)
    w.started({ containerId })
    expect(w.all("kill")).toEqual([])
    w.advance(2_000)
    expect(w.last("kill")).toEqual({ kind: "kill", containerId, force: true })
  })

  test("executors that live are named to the master, those that ended are not", () => {
    const named = (w: TestWorld): string[] => {
      w.crash()
      w.give({ kind: "start" })
      w.effects = []
      w.give({ kind: "linkOpened" })
      const { message } = w.last("send")
      return message.kind === "register" ? message.executors.map((e) => e.executorId) : []
    }
    const { w, containerId } = running()
    expect(named(w)).toEqual(["worker"])
    w.exited({ containerId }, 0)
    expect(named(w)).toEqual([])
  })
})

test("a framework that does not know TASK_DROPPED hears TASK_LOST", () => {
  const framework = testFramework({ id: brandId<FrameworkId>("m-0001"), capabilities: [] })
  const w = new TestWorld().register()
  const containerId = w.runInExecutor("a", {}, framework)
  const connection = subscribe(w, containerId)
  w.give({ kind: "executorDisconnected", containerId, connection })
  subscribe(w, containerId)
  expect(last(w)).toMatchObject({ state: "TASK_LOST", reason: "REASON_AGENT_RESTARTED" })
})

test("the environment says the agent's times, and the executor's own grace", () => {
  const limits = {
    executorReturnMs: 4_000,
    recoveryTimeoutMs: 1_800_000,
    shutdownGraceMs: 90_000,
  }
  const environment = (info = {}) => {
    const w = new TestWorld(testOptions({ limits })).register()
    w.runInExecutor("a", info)
    return w.last("launch").spec.environment
  }
  expect(environment()).toMatchObject({
    MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD: "90secs",
    MESOS_RECOVERY_TIMEOUT: "30mins",
    MESOS_SUBSCRIPTION_BACKOFF_MAX: "4secs",
  })
  const own = environment({ shutdownGracePeriod: { nanoseconds: 2.5e9 } })
  expect(own["MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD"]).toBe("2500ms")
})

test("executors and their updates are counted", () => {
  const { w, containerId } = running()
  const { counters } = w.agent
  update(w, containerId, status("other", "TASK_FINISHED", "done"))
  expect(counters.invalidStatusUpdates).toBe(1)
  w.exited({ containerId }, 0)
  update(w, containerId, status("a", "TASK_FINISHED", "done"))
  expect([counters.invalidStatusUpdates, counters.executorsTerminated]).toEqual([2, 1])
  const spec = w.runToRunning(testTask("b"))
  w.exited(spec, 0)
  expect(counters.executorsTerminated).toBe(1)
  w.acknowledgeAll()
  expect(counters.executorsTerminated).toBe(2)
})
