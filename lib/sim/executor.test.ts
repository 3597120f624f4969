import { describe, expect, test } from "bun:test"
import type {
  AgentId,
  executor as v1,
  ExecutorId,
  FrameworkId,
  TaskId,
  TaskInfo,
} from "#lib/mesos/index.ts"
import type { ContainerId } from "#lib/ports/index.ts"
import { forExecutor } from "./executor-info.ts"
import { SimExecutor, type ExecutorParts } from "./executor.ts"
import { testWorld } from "./test-world.ts"

type Streams = NonNullable<ReturnType<ExecutorParts["streams"]>>
type Sink = Parameters<Streams["open"]>[2]

const task = (id: string, script = "run"): TaskInfo =>
  forExecutor({
    name: id,
    taskId: id as TaskId,
    agentId: "a" as AgentId,
    command: { value: script },
  })

/** An executor and the agent's end of its connection. */
function bench() {
  const world = testWorld()
  const ended: string[] = []
  const exits: number[] = []
  const updates: string[] = []
  const subscriptions: v1.CallSubscribe[] = []
  let sink: Sink | undefined
  let up = true
  const streams = {
    open: (_: ContainerId, call: v1.CallSubscribe, opened: Sink) => {
      subscriptions.push(call)
      sink = opened
      return subscriptions.length
    },
    close: () => {},
    call: (_: ContainerId, call: Parameters<Streams["call"]>[1]) => {
      if (call.kind === "update") updates.push(`${call.status.taskId} ${call.status.state}`)
      return true
    },
  } as unknown as Streams
  const executor: SimExecutor = new SimExecutor(world, {
    name: "x",
    containerId: "c" as ContainerId,
    executorId: "x" as ExecutorId,
    frameworkId: "f" as FrameworkId,
    random: world.chance,
    streams: () => (up ? streams : undefined),
    onStart: () => {},
    onEnd: ({ taskId }, status) => ended.push(`${taskId} ${status}`),
    onUntold: (taskId) => ended.push(`${taskId} untold`),
    onAcknowledged: () => {},
    exit: (status) => {
      exits.push(status)
      executor.died()
    },
  })
  const pass = (ms: number): void => {
    const until = world.schedule.now + ms
    while (world.schedule.step(until));
  }
  pass(1_000)
  const send = (event: v1.Event): void => {
    sink?.event(event)
    pass(100)
  }
  const agentIs = (isUp: boolean): void => {
    up = isUp
    if (!isUp) executor.agentDied()
  }
  return { executor, ended, exits, updates, subscriptions, pass, send, agentIs }
}

describe("an executor", () => {
  test("runs what it is sent, and tells how it ended", () => {
    const { executor, ended, updates, pass, send } = bench()
    send({ kind: "launch", task: task("t1", "run 2000 256") })
    expect(updates).toEqual(["t1 TASK_STARTING", "t1 TASK_RUNNING"])
    expect(executor.running).toBe(1)
    pass(3_000)
    expect(ended).toEqual(["t1 256"])
    expect(updates.at(-1)).toBe("t1 TASK_FAILED")
  })

  test("kills a task that it is to kill", () => {
    const { ended, updates, pass, send } = bench()
    send({ kind: "launchGroup", taskGroup: { tasks: [task("t1"), task("t2")] } })
    send({ kind: "kill", taskId: "t2" as TaskId })
    pass(2_000)
    expect(ended).toEqual(["t2 9"])
    expect(updates.slice(-2)).toEqual(["t2 TASK_KILLING", "t2 TASK_KILLED"])
  })

  test("subscribes again when the agent is back, with what is not acknowledged", () => {
    const { executor, subscriptions, pass, send, agentIs } = bench()
    expect(subscriptions).toEqual([{ unacknowledgedTasks: [], unacknowledgedUpdates: [] }])
    send({ kind: "launch", task: task("t1") })
    agentIs(false)
    pass(10_000)
    expect(executor.open).toEqual(["x is not subscribed"])
    agentIs(true)
    pass(1_000)
    const [first, second] = subscriptions[1]?.unacknowledgedUpdates ?? []
    expect(subscriptions[1]?.unacknowledgedTasks).toEqual([task("t1")])
    expect([first?.status.state, second?.status.state]).toEqual(["TASK_STARTING", "TASK_RUNNING"])
    for (const update of [first, second]) {
      const uuid = update?.status.uuid ?? ""
      send({ kind: "acknowledged", taskId: "t1" as TaskId, uuid })
    }
    expect(executor.open).toEqual([])
    agentIs(false)
    agentIs(true)
    pass(1_000)
    expect(subscriptions[2]).toEqual({ unacknowledgedTasks: [], unacknowledgedUpdates: [] })
  })

  test("ends when it is to, with all that it runs", () => {
    const { ended, exits, pass, send } = bench()
    send({ kind: "launch", task: task("t1") })
    send({ kind: "shutdown" })
    pass(2_000)
    expect(exits).toEqual([0])
    expect(ended).toEqual(["t1 undefined"])
  })

  test("that dies leaves untold how a task ended that the agent has not acknowledged", () => {
    const { executor, ended, pass, send } = bench()
    send({ kind: "launch", task: task("t1", "run 10 0") })
    pass(1_000)
    executor.died()
    expect(ended).toEqual(["t1 0", "t1 untold"])
  })

  test("ends of its own accord once it has nothing to do, and nothing to tell", () => {
    const { exits, pass } = bench()
    pass(10_000)
    expect(exits).toEqual([0])
    const busy = bench()
    busy.send({ kind: "launch", task: task("t1", "run 10 0") })
    busy.pass(60_000)
    expect(busy.exits).toEqual([])
  })
})
