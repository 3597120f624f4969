import { expect, test } from "bun:test"
import { brandId, type FrameworkId, type TaskId } from "#lib/mesos/index.ts"
import { AGENT_ID, TestWorld, testFramework, testOptions, testTask } from "./test-world.ts"

const registrations = (w: TestWorld): number =>
  w.all("send").filter(({ message }) => message.kind === "register").length

test("registers at once when its first link opens, then with doubling waits", () => {
  const w = new TestWorld()
  w.give({ kind: "start" })
  w.give({ kind: "linkOpened" })
  expect(registrations(w)).toBe(1)
  w.advance(1_999)
  expect(registrations(w)).toBe(1)
  w.advance(1)
  expect(registrations(w)).toBe(2)
  w.advance(4_000)
  expect(registrations(w)).toBe(3)
  w.advance(8_000 + 16_000 + 32_000 + 60_000 + 60_000)
  expect(registrations(w)).toBe(8)
})

test("waits a random time within the backoff before it registers with the next master", () => {
  const waits = [1, 2, 3, 4, 5, 6, 7, 8].map((word) => {
    const w = new TestWorld(testOptions({ seed: [word, word, word, word] })).register()
    w.give({ kind: "linkClosed" })
    w.give({ kind: "linkOpened" })
    expect(registrations(w)).toBe(0)
    const from = w.now
    while (registrations(w) === 0) w.advance(1)
    return w.now - from
  })
  expect(Math.max(...waits)).toBeLessThanOrEqual(1_000)
  expect(new Set(waits).size).toBeGreaterThan(4)
})

test("stops registering once it is admitted, and keeps its id over a restart", () => {
  const w = new TestWorld().register()
  w.advance(60_000)
  expect(registrations(w)).toBe(0)
  w.crash()
  w.give({ kind: "start" })
  w.give({ kind: "linkOpened" })
  const { message } = w.last("send")
  expect(message).toMatchObject({ kind: "register", agentId: AGENT_ID, info: { id: AGENT_ID } })
})

test("goes on trying where the master does not take it in, and its tasks run on", () => {
  const w = new TestWorld().register()
  w.run(testTask("t1"))
  w.give({ kind: "linkClosed" })
  w.give({ kind: "linkOpened" })
  w.advance(1_000)
  w.effects = []
  w.receive({ kind: "refused", message: "set its --domain" })
  expect(w.all("log")).toMatchObject([{ level: "warn", fields: { reason: "set its --domain" } }])
  w.advance(60_000)
  expect(registrations(w)).toBeGreaterThan(2)
  expect([...w.all("kill"), ...w.all("exit")]).toEqual([])
})

test("takes no task before it knows who it is", () => {
  const world = new TestWorld()
  world.give({ kind: "start" })
  world.give({ kind: "linkOpened" })
  const task = testTask("t1")
  world.receive({ kind: "runTask", framework: testFramework(), task, acceptedAt: world.now })
  expect(world.all("launch")).toEqual([])
})

test("answers pings, and looks for the master again when they stay away", () => {
  const w = new TestWorld().register()
  for (let sequence = 1; sequence <= 6; sequence++) {
    w.advance(15_000)
    w.receive({ kind: "ping", sequence })
    expect(w.last("send").message).toEqual({ kind: "pong", sequence })
  }
  w.advance(74_999)
  expect(w.all("relink")).toEqual([])
  w.advance(1)
  expect(w.all("relink")).toHaveLength(1)
  expect(w.agent.registered).toBe(false)
  w.advance(600_000)
  expect(w.all("relink")).toHaveLength(1)
})

test("does not miss pings while the link is closed", () => {
  const w = new TestWorld().register()
  w.give({ kind: "linkClosed" })
  w.advance(600_000)
  expect(w.all("relink")).toEqual([])
})

test("names all it runs when it registers again", () => {
  const w = new TestWorld().register()
  const spec = w.runToRunning(testTask("web.1"))
  const [member] = w.runGroup([testTask("pod.a")])
  expect(member).toBeDefined()
  w.give({ kind: "linkClosed" })
  w.give({ kind: "linkOpened" })
  w.advance(1_000)
  const register = w
    .all("send")
    .flatMap(({ message }) => (message.kind === "register" ? [message] : []))
    .at(-1)
  expect(register?.address).toBe(w.agent.options.ip)
  expect(register?.frameworks.map(({ id }) => id)).toEqual([testFramework().id])
  expect(register?.executors.map(({ executorId }) => executorId as string)).toEqual(["pod"])
  expect(
    register?.tasks.map(({ taskId, state, executorId, statusUpdateState }) => ({
      taskId: taskId as string,
      state,
      executorId: executorId as string | undefined,
      statusUpdateState,
    })),
  ).toEqual([
    {
      taskId: "web.1",
      state: "TASK_RUNNING",
      executorId: undefined,
      statusUpdateState: undefined,
    },
    {
      taskId: "pod.a",
      state: "TASK_STARTING",
      executorId: "pod",
      statusUpdateState: "TASK_STARTING",
    },
  ])
  expect(spec.containerId).not.toBe(member?.containerId)
})

const named = (taskId: string, partitionAware?: boolean) => ({
  frameworkId: testFramework().id as FrameworkId,
  taskId: brandId<TaskId>(taskId),
  ...(partitionAware === undefined ? {} : { partitionAware }),
})

test.each([
  [true, "TASK_DROPPED"],
  [false, "TASK_LOST"],
  [undefined, "TASK_LOST"],
] as const)("a task it never saw (partition aware: %p) is %s", (partitionAware, state) => {
  const w = new TestWorld()
  w.give({ kind: "start" })
  w.link([named("ghost", partitionAware)])
  expect(w.updates()).toHaveLength(1)
  expect(w.updates()[0]?.status).toMatchObject({
    taskId: "ghost",
    state,
    reason: "REASON_RECONCILIATION",
    source: "SOURCE_AGENT",
  })
  w.acknowledgeAll()
  expect(w.agent.streams.size).toBe(0)
})

test("a task it knows is not reconciled as unknown", () => {
  const w = new TestWorld().register()
  w.runToRunning(testTask("web.1"))
  w.receive({
    kind: "registered",
    agentId: AGENT_ID,
    pingTimeoutMs: 75_000,
    reconcile: [named("web.1")],
  })
  expect(w.updates()).toEqual([])
})

test("a task whose end the master forgot ends the same way again", () => {
  const w = new TestWorld().register()
  const spec = w.runToRunning(testTask("web.1"))
  w.exited(spec, 3 << 8)
  w.acknowledgeAll()
  w.give({ kind: "linkClosed" })
  w.effects = []
  w.link([named("web.1", true)])
  expect(w.updates().map(({ status }) => [status.state, status.message])).toEqual([
    ["TASK_FAILED", "Command exited with status 3"],
  ])
})

test("ends its tasks and exits when the master refuses it for good", () => {
  const w = new TestWorld().register()
  const spec = w.runToRunning(testTask("web.1"))
  w.receive({ kind: "shutdown", message: "Agent is gone" })
  expect(w.all("exit")).toEqual([])
  expect(w.all("kill")).toHaveLength(1)
  w.exited(spec, 15)
  expect(w.all("exit")).toEqual([{ kind: "exit", message: "Agent is gone", done: false }])
})

test("exits at once when it is refused with nothing running", () => {
  const w = new TestWorld().register()
  w.receive({ kind: "shutdown", message: "Agent is gone" })
  expect(w.all("exit")).toHaveLength(1)
})

test("refuses to start under another hostname, naming both", () => {
  const w = new TestWorld().register()
  w.crash()
  const other = new TestWorld(testOptions({ info: { hostname: "a2" } }))
  for (const [key, value] of w.store) other.store.set(key, value)
  other.crash()
  other.give({ kind: "start" })
  expect(other.last("exit").message).toContain("hostname was 'a1'")
  other.give({ kind: "linkOpened" })
  expect(other.all("send")).toEqual([])
})
