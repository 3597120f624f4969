import { expect, test } from "bun:test"
import { TestWorld, testTask } from "./test-world.ts"

const running = () => {
  const w = new TestWorld().register()
  return { w, spec: w.runToRunning(testTask("web.1", { healthCheck: { type: "TCP" } })) }
}

test("repeats an update after 10 seconds, doubling to 10 minutes, until it is acknowledged", () => {
  const { w, spec } = running()
  w.exited(spec, 0)
  const times: number[] = []
  for (let second = 0; second < 3_600; second++) {
    if (second % 60 === 0) w.receive({ kind: "ping", sequence: second })
    const updates = w.updates().length
    while (times.length < updates) times.push(w.now)
    w.advance(1_000)
  }
  const waits = times.slice(1).map((at, index) => (at - (times[index] ?? 0)) / 1_000)
  expect(waits).toEqual([10, 20, 40, 80, 160, 320, 600, 600, 600, 600])
  expect(new Set(w.updates().map(({ status }) => status.uuid)).size).toBe(1)
  w.acknowledge(w.updates()[0]!)
  const sent = w.updates().length
  w.advance(3_600_000)
  expect(w.updates()).toHaveLength(sent)
})

test("holds the next update back until the one before is acknowledged", () => {
  const w = new TestWorld().register()
  const spec = w.run(testTask("web.1"))
  w.started(spec)
  w.exited(spec, 0)
  expect(w.states()).toEqual(["TASK_STARTING"])
  w.acknowledgeAll()
  expect(w.updates().map(({ latestState }) => latestState)).toEqual([
    "TASK_STARTING",
    "TASK_FINISHED",
    "TASK_FINISHED",
  ])
  expect(w.states()).toEqual(["TASK_STARTING", "TASK_RUNNING", "TASK_FINISHED"])
})

test("ignores late, repeated and foreign acknowledgements", () => {
  const w = new TestWorld().register()
  const spec = w.run(testTask("web.1"))
  w.started(spec)
  const [starting] = w.updates()
  w.acknowledge({ ...starting!, status: { ...starting!.status, uuid: "AAAAAAAAAAAAAAAAAAAAAA==" } })
  expect(w.states()).toEqual(["TASK_STARTING"])
  w.acknowledge(starting!)
  w.acknowledge(starting!)
  expect(w.states()).toEqual(["TASK_STARTING", "TASK_RUNNING"])
  expect(w.agent.streams.pending(starting!.frameworkId, starting!.status.taskId)).toHaveLength(1)
})

test("sends nothing while it is not registered, and what is in flight once it is", () => {
  const { w, spec } = running()
  w.give({ kind: "linkClosed" })
  w.exited(spec, 0)
  w.advance(600_000)
  expect(w.updates()).toEqual([])
  w.give({ kind: "linkOpened" })
  w.advance(1_000)
  expect(w.updates()).toEqual([])
  w.link()
  expect(w.states()).toEqual(["TASK_FINISHED"])
})

test("stores an update before it sends it", () => {
  const { w, spec } = running()
  w.exited(spec, 0)
  const [update] = w.updates()
  const stored = w.store.get(`/agent/updates/${update!.frameworkId}/web.1`)
  expect(JSON.stringify(stored)).toContain(update!.status.uuid!)
  w.acknowledge(update!)
  expect(w.store.has(`/agent/updates/${update!.frameworkId}/web.1`)).toBe(false)
})

test("a uuid is 16 bytes in base64, new for each update", () => {
  const { w, spec } = running()
  w.exited(spec, 0)
  const uuids = w.updates().map(({ status }) => status.uuid ?? "")
  for (const uuid of uuids) expect(atob(uuid)).toHaveLength(16)
})

test("keeps a bounded number of updates for a framework that stays away", () => {
  const { w, spec } = running()
  w.give({ kind: "linkClosed" })
  for (let i = 0; i < 100; i++) {
    w.advance(60_000)
    const probe = w.all("probe").at(-1)!
    const healthy = i % 2 === 0
    const { containerId } = spec
    w.give({ kind: "healthResult", containerId, sequence: probe.sequence, healthy, message: "no" })
  }
  w.exited(spec, 0)
  const [task] = [...w.agent.workload.tasks()]
  const pending = w.agent.streams.pending(task!.launch.frameworkId, task!.launch.info.taskId)
  expect(pending.length).toBeLessThanOrEqual(17)
  expect(pending.at(-1)?.state).toBe("TASK_FINISHED")
  expect(pending.at(-2)?.healthy).toBe(false)
})
