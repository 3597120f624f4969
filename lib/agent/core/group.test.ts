import { expect, test } from "bun:test"
import { brandId, type ExecutorId, type TaskId } from "#lib/mesos/index.ts"
import type { ContainerSpec } from "#lib/ports/index.ts"
import { TestWorld, testFramework, testOptions, testTask } from "./test-world.ts"

const started = (...ids: readonly string[]) => {
  const w = new TestWorld().register()
  const specs = w.runGroup(ids.map((id) => testTask(id)))
  for (const spec of specs) w.started(spec)
  w.acknowledgeAll()
  return { w, specs }
}

const end = (w: TestWorld, spec: ContainerSpec | undefined, status: number): void => {
  w.exited(spec!, status)
  w.acknowledgeAll()
}

const lastStates = (w: TestWorld): Record<string, string> =>
  Object.fromEntries(w.updates().map(({ status }) => [status.taskId, status.state]))

const killed = (w: TestWorld): string[] => [...new Set(w.all("kill").map((e) => e.containerId))]

test("members are nested in their executor's sandbox and linked by task id", () => {
  const { w, specs } = started("a", "b")
  const [executor] = [...[...w.agent.workload.frameworks][0]!.executors.values()]
  const { containerId, directory } = executor!.launch
  for (const [index, spec] of specs.entries()) {
    const child = spec.containerId.slice(containerId.length + 1)
    expect(spec.containerId).toBe(`${containerId}.${child}` as ContainerSpec["containerId"])
    expect(spec.sandbox).toBe(`${directory}/containers/${child}`)
    expect(w.all("launch")[index]?.directories).toEqual([directory, `${directory}/tasks`])
    expect(w.all("launch")[index]?.links).toContainEqual({
      link: `${directory}/tasks/${spec.task.taskId}`,
      target: `../containers/${child}`,
    })
  }
  expect(w.updates().at(-1)?.status.containerStatus?.containerId?.parent).toEqual({
    value: containerId,
  })
})

test("members know what their executor's container asks for, to share it", () => {
  const container = { type: "MESOS", networkInfos: [{ name: "net" }] } as const
  const options = testOptions({ runtimes: new Set(["process", "runc"]) })
  const w = new TestWorld(options).register()
  const [spec] = w.runGroup([testTask("a")], testFramework(), { container })
  expect(spec).toMatchObject({ runtime: "runc", groupContainer: container })
  expect(spec?.environment["LIBPROCESS_IP"]).toBe("0.0.0.0")
})

test("members may use what their executor has", () => {
  const w = new TestWorld().register()
  const resources = [
    { name: "mem", value: { kind: "scalar", milli: 32_000 }, reservations: [] },
  ] as const
  const specs = w.runGroup([testTask("a"), testTask("b")], testFramework(), { resources })
  expect(specs.map(({ shared }) => shared)).toEqual([resources, resources])
  expect(w.runToRunning(testTask("alone")).shared).toBeUndefined()
})

test("one member links the run of a new executor, no member that of an older one", () => {
  const { w } = started("a", "b")
  w.advance(1)
  w.runGroup([testTask("c")])
  const latest = w
    .all("launch")
    .map(({ links }) => links.filter(({ link }) => link.endsWith("/latest")).length)
  expect(latest).toEqual([1, 0, 0])
})

test("members say TASK_STARTING before they are launched", () => {
  const w = new TestWorld().register()
  w.runGroup([testTask("a")])
  expect(w.states()).toEqual(["TASK_STARTING"])
})

test.each([
  ["fails", 1 << 8],
  ["dies of a signal", 11],
])("a member that %s kills the rest of its group", (_name, status) => {
  const { w, specs } = started("a", "b", "c")
  end(w, specs[0], status)
  expect(killed(w)).toEqual([specs[1]!.containerId, specs[2]!.containerId])
  end(w, specs[1], 15)
  end(w, specs[2], 15)
  expect(lastStates(w)).toEqual({ a: "TASK_FAILED", b: "TASK_KILLED", c: "TASK_KILLED" })
})

const limitation = {
  reason: "REASON_CONTAINER_LIMITATION_MEMORY",
  message: "Memory limit exceeded",
  resources: [],
} as const

test.each([
  [
    "that is shared ends the whole executor with its reason",
    true,
    "TASK_FAILED",
    limitation.reason,
  ],
  ["of its own ends a member with its group", false, "TASK_KILLED", undefined],
] as const)("a limit %s", (_name, shared, state, reason) => {
  const w = new TestWorld().register()
  const container = { type: "MESOS", linuxInfo: { shareCgroups: shared } } as const
  const own = shared ? {} : { container }
  const specs = w.runGroup([testTask("a", own), testTask("b", own)])
  for (const spec of specs) w.started(spec)
  w.acknowledgeAll()
  w.effects = []
  const [a, b] = specs
  w.give({ kind: "containerExited", containerId: a!.containerId, exit: { status: 9, limitation } })
  expect(w.all("kill")).toEqual([{ kind: "kill", containerId: b!.containerId, force: shared }])
  w.exited(b!, 9)
  w.acknowledgeAll()
  const ends = w.updates().filter(({ status }) => /FAILED|KILLED/.test(status.state))
  const told = ends.map(({ status }) => [status.taskId, status.state, status.reason] as unknown)
  expect(told).toEqual([
    ["a", "TASK_FAILED", limitation.reason],
    ["b", state, reason],
  ])
})

test("a member that finishes leaves the others alone", () => {
  const { w, specs } = started("a", "b")
  end(w, specs[0], 0)
  expect(killed(w)).toEqual([])
})

test("a member that is killed takes its group along, not the executor's other groups", () => {
  const { w, specs } = started("a", "b")
  w.advance(1)
  const [other] = w.runGroup([testTask("x")])
  w.started(other!)
  w.acknowledgeAll()
  const frameworkId = testFramework().id!
  w.receive({ kind: "killTask", frameworkId, taskId: brandId<TaskId>("a") })
  end(w, specs[0], 15)
  expect(killed(w)).toEqual([specs[0]!.containerId, specs[1]!.containerId])
  expect(lastStates(w)["x"]).toBe("TASK_RUNNING")
})

test("a member whose launch fails kills the others' launches", () => {
  const w = new TestWorld().register()
  const [a, b] = w.runGroup([testTask("a"), testTask("b")])
  const failure = { reason: "REASON_CONTAINER_LAUNCH_FAILED", message: "no such image" } as const
  w.give({ kind: "containerFailed", containerId: a!.containerId, ...failure })
  expect(w.all("kill")).toEqual([{ kind: "kill", containerId: b!.containerId, force: true }])
  w.give({ kind: "containerFailed", containerId: b!.containerId, ...failure, message: "given up" })
  w.acknowledgeAll()
  expect(w.updates().map(({ status }) => [status.taskId, status.state, status.reason])).toEqual([
    ["a" as TaskId, "TASK_STARTING", undefined],
    ["b" as TaskId, "TASK_STARTING", undefined],
    ["a" as TaskId, "TASK_FAILED", "REASON_CONTAINER_LAUNCH_FAILED"],
    ["b" as TaskId, "TASK_KILLED", "REASON_TASK_KILLED_DURING_LAUNCH"],
  ])
})

test("further kills of a member have no effect", () => {
  const { w } = started("a")
  const kill = {
    kind: "killTask",
    frameworkId: testFramework().id!,
    taskId: brandId<TaskId>("a"),
  } as const
  w.receive({ ...kill, killPolicy: { gracePeriod: { nanoseconds: 60e9 } } })
  w.receive({ ...kill, killPolicy: { gracePeriod: { nanoseconds: 0 } } })
  expect(w.all("kill").map(({ force }) => force)).toEqual([false])
})

test("the executor ends with its last member, and its framework hears of it", () => {
  const { w, specs } = started("a", "b")
  end(w, specs[0], 0)
  expect(w.agent.gc.paths).toEqual([])
  end(w, specs[1], 0)
  expect(w.last("send").message).toEqual({
    kind: "executorExited",
    frameworkId: testFramework().id!,
    executorId: brandId<ExecutorId>("pod"),
    status: 0,
  })
  expect(w.agent.gc.paths).toHaveLength(1)
})

test("a later group gets a new run of the executor", () => {
  const { w, specs } = started("a")
  end(w, specs[0], 0)
  w.advance(1)
  const [next] = w.runGroup([testTask("b")])
  expect(next!.containerId.split(".")[0]).not.toBe(specs[0]!.containerId.split(".")[0])
})

test("refuses a group that names a task twice, and one with a taken name", () => {
  const w = new TestWorld().register()
  w.run(testTask("pod"))
  const group = (executorId: string, ids: readonly string[]): void =>
    w.receive({
      kind: "runTaskGroup",
      framework: testFramework(),
      executor: { type: "DEFAULT", executorId: brandId<ExecutorId>(executorId) },
      taskGroup: { tasks: ids.map((id) => testTask(id)) },
      acceptedAt: w.now,
    })
  group("e", ["b", "b"])
  group("pod", ["c"])
  const errors = w.updates().filter(({ status }) => status.state === "TASK_ERROR")
  expect(new Set(errors.map(({ status }) => status.taskId as string))).toEqual(new Set(["b", "c"]))
  for (const { status } of errors) expect(status.reason).toBe("REASON_TASK_GROUP_INVALID")
  expect(w.all("launch")).toHaveLength(1)
})

test("a refused group has no executor, and the master hears so", () => {
  const exits = (w: TestWorld): number[] =>
    w
      .all("send")
      .flatMap(({ message }) => (message.kind === "executorExited" ? message.status : []))
  const w = new TestWorld().register()
  w.receive({
    kind: "runTask",
    framework: testFramework(),
    task: testTask("first"),
    acceptedAt: w.now,
  })
  w.receive({ kind: "drain", config: {} })
  w.runGroup([testTask("a")])
  expect(exits(w)).toEqual([-1])
  const { w: busy } = started("a")
  busy.receive({ kind: "drain", config: {} })
  busy.runGroup([testTask("b")])
  expect(busy.updates().some(({ status }) => status.reason === "REASON_AGENT_DRAINING")).toBe(true)
  expect(exits(busy)).toEqual([])
})
