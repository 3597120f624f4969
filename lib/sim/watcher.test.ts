import { expect, test } from "bun:test"
import type { StateSnapshot } from "#lib/master/index.ts"
import type { master } from "#lib/mesos/index.ts"
import { Picture } from "./watcher.ts"

/** A state with one agent and one framework, whose tasks are as given. */
function state(tasks: Readonly<Record<string, string>>, agents = ["S1"]): StateSnapshot {
  const named = (id: string) => ({ id, info: { id } })
  const list = Object.entries(tasks).map(([taskId, taskState]) => ({
    task: { frameworkId: "F1", taskId },
    state: taskState,
  }))
  const none = { recoveredAgents: [], completedTasks: [], unreachableTasks: [] }
  const view = { unreachableAgents: new Map(), goneAgents: new Map() }
  const lists = { agents: agents.map(named), frameworks: [named("F1")], tasks: list }
  return { ...none, ...lists, view } as unknown as StateSnapshot
}

const event = (value: object): master.Event => value as master.Event
const added = (taskId: string, frameworkId = "F1") =>
  event({ kind: "taskAdded", task: { taskId, frameworkId, state: "TASK_STAGING" } })
const updated = (taskId: string, taskState: string) =>
  event({ kind: "taskUpdated", frameworkId: "F1", status: { taskId }, state: taskState })

function follow(begin: StateSnapshot, events: readonly master.Event[]) {
  const broken: string[] = []
  const picture = new Picture({ broken: (_, detail) => void broken.push(detail) }, begin)
  for (const each of events) picture.apply(each)
  return { broken, differs: (end: StateSnapshot) => picture.differences(end) }
}

test("a picture that follows every event is the state", () => {
  const events = [added("t2"), updated("t2", "TASK_RUNNING"), updated("t1", "TASK_FINISHED")]
  const { broken, differs } = follow(state({ t1: "TASK_RUNNING" }), events)
  expect(broken).toEqual([])
  expect(differs(state({ t1: "TASK_FINISHED", t2: "TASK_RUNNING" }))).toEqual([])
  expect(differs(state({ t2: "TASK_RUNNING" }))).toEqual([])
})

test("whatever was not told is a difference", () => {
  const { differs } = follow(state({ t1: "TASK_RUNNING" }), [])
  expect(differs(state({ t1: "TASK_KILLED" }, ["S2"]))).toEqual([
    "the watcher does not know agent S2",
    "the watcher still knows agent S1",
    "the watcher believes F1/t1 to be TASK_RUNNING, not TASK_KILLED",
  ])
  expect(differs(state({}))).toEqual(["the watcher still knows F1/t1"])
})

test.each<[string, master.Event]>([
  ["t9 is added before its framework", added("t9", "F9")],
  ["F1/t9 is updated before it is added", updated("t9", "TASK_RUNNING")],
  ["S9 was not there", event({ kind: "agentRemoved", agentId: "S9" })],
  ["framework F9 is removed", event({ kind: "frameworkRemoved", frameworkInfo: { id: "F9" } })],
  ["frameworkAdded", event({ kind: "frameworkAdded", framework: { frameworkInfo: { id: "F1" } } })],
])("an event that does not fit is noticed: %s", (detail, each) => {
  expect(follow(state({}), [each]).broken[0]).toContain(detail)
})
