import { describe, expect, test } from "bun:test"
import {
  scalarResource,
  type AgentToMaster,
  type FrameworkId,
  type Resources,
  type TaskId,
  type TaskState,
  type TaskStatus,
} from "#lib/mesos/index.ts"
import type { ContainerId, ContainerSpec } from "#lib/ports/index.ts"
import { Disk } from "./disk.ts"
import { Marks } from "./marks.ts"
import { Monitor } from "./monitor.ts"

const FRAMEWORK = "m-0000" as FrameworkId
const cpus = (milli: number): Resources => [scalarResource("cpus", milli)]

const spec = (id: string, milli = 1_000): ContainerSpec => ({
  containerId: `c-${id}` as ContainerId,
  runtime: "process",
  sandbox: `/work/slaves/m-S0/frameworks/${FRAMEWORK}/executors/${id}/runs/c-${id}`,
  environment: {},
  task: {
    name: id,
    taskId: id as TaskId,
    agentId: "m-S0" as never,
    resources: cpus(milli),
  },
})

function bench() {
  const monitor = new Monitor(new Marks())
  monitor.addNode("node-0", cpus(2_000))
  const disk = new Disk()
  const store = (uuid: string): void =>
    disk.apply([[`/agent/updates/${FRAMEWORK}/t1`, JSON.stringify({ uuid })]])
  const tell = (state: TaskState, uuid = "u1"): void => {
    const status = { taskId: "t1" as TaskId, state, uuid }
    const update = { kind: "update", frameworkId: FRAMEWORK, status, latestState: state } as const
    monitor.agentSent("node-0", disk, [update satisfies AgentToMaster])
  }
  const hear = (state: TaskState, change: Partial<TaskStatus> = {}): void =>
    monitor.heard(FRAMEWORK, {
      taskId: "t1" as TaskId,
      state,
      source: "SOURCE_EXECUTOR",
      uuid: `u-${state}`,
      ...change,
    })
  return { monitor, disk, store, tell, hear, broken: () => monitor.violation?.invariant }
}

describe("a node", () => {
  test("has room for what fits, and again once something has ended", () => {
    const { monitor, broken } = bench()
    monitor.spawned("node-0", spec("t1"))
    monitor.spawned("node-0", spec("t2"))
    monitor.exited(spec("t1"), { status: 0 })
    monitor.spawned("node-0", spec("t3"))
    expect(broken()).toBeUndefined()
    monitor.spawned("node-0", spec("t4"))
    expect(broken()).toBe("no agent is oversubscribed")
  })

  test("runs a task id once, even if it has ended", () => {
    const { monitor, broken } = bench()
    monitor.spawned("node-0", spec("t1"))
    monitor.exited(spec("t1"), { status: 0 })
    monitor.spawned("node-0", spec("t1"))
    expect(broken()).toBe("a task id launches at most once")
  })

  test("launches what it has recorded", () => {
    const { monitor, disk, broken } = bench()
    disk.apply([["/agent/task/c-t1", "{}"]])
    monitor.launching("node-0", disk, spec("t1"))
    expect(broken()).toBeUndefined()
    monitor.launching("node-0", disk, spec("t2"))
    expect(broken()).toBe("durable before it leaves")
  })
})

describe("what an agent tells", () => {
  test("is recorded, or was acknowledged since", () => {
    const { store, tell, hear, broken } = bench()
    store("u1")
    tell("TASK_RUNNING", "u1")
    hear("TASK_RUNNING", { uuid: "u1" })
    store("u2")
    tell("TASK_RUNNING", "u1")
    expect(broken()).toBeUndefined()
    tell("TASK_RUNNING", "u3")
    expect(broken()).toBe("durable before it leaves")
  })

  test.each([
    ["TASK_FINISHED", 256],
    ["TASK_FAILED", 0],
    ["TASK_KILLED", 9],
  ] as const)("is not %s where the wait status was %d and nobody asked", (state, status) => {
    const { monitor, store, tell, broken } = bench()
    monitor.spawned("node-0", spec("t1"))
    monitor.exited(spec("t1"), { status: status })
    store("u1")
    tell(state)
    expect(broken()).toBe("ends are told as they were")
  })

  test("is no end while the container runs", () => {
    const { monitor, store, tell, broken } = bench()
    monitor.spawned("node-0", spec("t1"))
    store("u1")
    tell("TASK_FAILED")
    expect(broken()).toBe("ends are told as they were")
  })

  test("is nothing else after an end", () => {
    const { store, tell, broken } = bench()
    store("u1")
    tell("TASK_FAILED")
    tell("TASK_FAILED")
    expect(broken()).toBeUndefined()
    tell("TASK_RUNNING")
    expect(broken()).toBe("ended tasks stay ended")
  })
})

describe("what a framework hears", () => {
  test("may repeat what it has seen, but does not change after an end", () => {
    const { hear, broken } = bench()
    hear("TASK_RUNNING")
    hear("TASK_FINISHED")
    hear("TASK_RUNNING")
    expect(broken()).toBeUndefined()
    hear("TASK_FAILED")
    expect(broken()).toBe("ended tasks stay ended")
  })

  test("is not the end of a task that runs", () => {
    const { monitor, hear, broken } = bench()
    monitor.spawned("node-0", spec("t1"))
    const reconciliation = { source: "SOURCE_MASTER", reason: "REASON_RECONCILIATION" } as const
    hear("TASK_UNREACHABLE", reconciliation)
    expect(broken()).toBeUndefined()
    hear("TASK_GONE", reconciliation)
    expect(broken()).toBe("ended tasks stay ended")
  })

  test("may be gone to the master and dropped to the agent: it never was there", () => {
    const { hear, broken } = bench()
    hear("TASK_GONE", { source: "SOURCE_MASTER", reason: "REASON_RECONCILIATION" })
    hear("TASK_DROPPED", { source: "SOURCE_AGENT" })
    expect(broken()).toBeUndefined()
  })

  test("is gone once, on whoever vouches for it, and as often as it asks", () => {
    const { hear, broken } = bench()
    const word = { source: "SOURCE_MASTER", uuid: undefined } as const
    hear("TASK_GONE_BY_OPERATOR", { ...word, reason: "REASON_AGENT_REMOVED_BY_OPERATOR" })
    hear("TASK_GONE_BY_OPERATOR", { ...word, reason: "REASON_RECONCILIATION" })
    expect(broken()).toBeUndefined()
    hear("TASK_GONE_BY_OPERATOR", { ...word, reason: "REASON_AGENT_REMOVED_BY_OPERATOR" })
    expect(broken()).toBe("gone is told once")
  })

  test("is not gone after its end was told", () => {
    const { hear, broken } = bench()
    hear("TASK_FAILED")
    hear("TASK_GONE_BY_OPERATOR", {
      source: "SOURCE_MASTER",
      reason: "REASON_AGENT_REMOVED_BY_OPERATOR",
    })
    expect(broken()).toBe("ended tasks stay ended")
  })
})

test("a disk that fails is a fault, any other end of a process a bug", () => {
  const { monitor, broken } = bench()
  monitor.processFailed("node-0", new Error("the disk failed"))
  expect(broken()).toBeUndefined()
  monitor.processFailed("node-0", new TypeError("x is not a function"))
  expect(broken()).toBe("no process fails")
})

test("the first broken rule is kept", () => {
  const { monitor } = bench()
  monitor.broken("one", "a")
  monitor.broken("two", "b")
  expect(monitor.violation).toEqual({ invariant: "one", detail: "a" })
})
