import { expect, test } from "bun:test"
import type { CheckInfo, CheckStatusInfo, HealthCheck } from "#lib/mesos/index.ts"
import { NO_HEALTH, weighHealth } from "./checks.ts"
import { TestWorld, testTask } from "./test-world.ts"

const check: HealthCheck = {
  type: "HTTP",
  http: { port: 8080 },
  delaySeconds: 5,
  intervalSeconds: 10,
  gracePeriodSeconds: 30,
  consecutiveFailures: 3,
}

const running = (healthCheck: HealthCheck = check) => {
  const w = new TestWorld().register()
  return { w, spec: w.runToRunning(testTask("web.1", { healthCheck })) }
}

const answer = (w: TestWorld, healthy: boolean): void => {
  const { containerId, sequence } = w.last("probe")
  w.give({ kind: "healthResult", containerId, sequence, healthy, message: "refused" })
  w.acknowledgeAll()
}

/** The health of every status sent, in order. */
const healths = (w: TestWorld): unknown[] => w.updates().map(({ status }) => status.healthy)

test("probes after the delay, then an interval after each result", () => {
  const { w } = running()
  w.advance(4_999)
  expect(w.all("probe")).toHaveLength(0)
  w.advance(1)
  expect(w.all("probe")).toHaveLength(1)
  w.advance(60_000)
  expect(w.all("probe")).toHaveLength(1)
  answer(w, true)
  w.advance(9_999)
  expect(w.all("probe")).toHaveLength(1)
  w.advance(1)
  expect(w.all("probe")).toHaveLength(2)
})

test("delay, interval, grace and failures have the defaults of Mesos", () => {
  const { w } = running({ type: "TCP", tcp: { port: 1 } })
  w.advance(14_999)
  expect(w.all("probe")).toHaveLength(0)
  w.advance(1)
  answer(w, false)
  w.advance(10_000)
  answer(w, false)
  expect(w.all("kill")).toHaveLength(0)
  w.advance(10_000)
  answer(w, false)
  expect(w.all("kill")).toHaveLength(1)
})

test("reports the first success once, and again after failures", () => {
  const { w } = running()
  for (const healthy of [true, true, false, true, true]) {
    w.advance(10_000)
    answer(w, healthy)
  }
  expect(healths(w)).toEqual([true, false, true])
  expect(w.updates()[0]?.status).toMatchObject({
    state: "TASK_RUNNING",
    reason: "REASON_TASK_HEALTH_CHECK_STATUS_UPDATED",
  })
})

test("failures within the grace period before the first success do not count", () => {
  const { w } = running()
  for (let i = 0; i < 3; i++) {
    w.advance(10_000)
    answer(w, false)
  }
  expect(healths(w)).toEqual([])
  w.advance(10_000)
  answer(w, false)
  expect(healths(w)).toEqual([false])
})

test("failures within the grace period count after a first success", () => {
  const { w } = running()
  w.advance(5_000)
  answer(w, true)
  w.advance(10_000)
  answer(w, false)
  expect(healths(w)).toEqual([true, false])
})

test("kills after the allowed failures and says that the task was not healthy", () => {
  const { w, spec } = running({ ...check, gracePeriodSeconds: 0 })
  for (let i = 0; i < 3; i++) {
    w.advance(10_000)
    answer(w, false)
  }
  expect(w.all("kill")).toHaveLength(1)
  expect(w.updates().at(-1)?.status).toMatchObject({ state: "TASK_KILLING", healthy: false })
  w.advance(20_000)
  expect(w.all("probe")).toHaveLength(3)
  w.acknowledgeAll()
  w.exited(spec, 15)
  expect(w.updates().at(-1)?.status).toMatchObject({ state: "TASK_KILLED", healthy: false })
})

test("a success in between starts the count of failures anew", () => {
  const { w } = running({ ...check, gracePeriodSeconds: 0 })
  for (const healthy of [false, false, true, false, false, true, false, false]) {
    w.advance(10_000)
    answer(w, healthy)
  }
  expect(w.all("kill")).toEqual([])
})

test("ignores results that come after the kill, twice, or from a probe of before", () => {
  const { w } = running({ ...check, gracePeriodSeconds: 0, consecutiveFailures: 1 })
  w.advance(5_000)
  const { containerId, sequence } = w.last("probe")
  const late = { kind: "healthResult", containerId, healthy: false, message: "" } as const
  w.give({ ...late, sequence: sequence + 1 })
  expect(w.updates()).toEqual([])
  w.receive({
    kind: "killTask",
    frameworkId: w.last("probe").spec.task.taskId && [...w.agent.workload.frameworks][0]!.id,
    taskId: w.last("probe").spec.task.taskId,
  })
  expect(w.all("stopProbes")).toHaveLength(1)
  w.give({ ...late, sequence })
  w.acknowledgeAll()
  expect(w.states()).toEqual(["TASK_KILLING"])
})

test("a table of histories weighs as Mesos does", () => {
  // Age in seconds and result; then what is reported, and whether it kills (grace 30 s, 3 failures).
  const table: readonly (readonly [(readonly [number, boolean])[], boolean, boolean])[] = [
    [[[1, true]], true, false],
    [[[1, false]], false, false],
    [[[30, false]], false, false],
    [[[31, false]], true, false],
    [
      [
        [31, false],
        [41, false],
      ],
      true,
      false,
    ],
    [
      [
        [31, false],
        [41, false],
        [51, false],
      ],
      true,
      true,
    ],
    [
      [
        [10, false],
        [20, false],
        [30, false],
        [40, false],
      ],
      true,
      false,
    ],
    [
      [
        [1, true],
        [2, false],
        [3, false],
        [4, false],
      ],
      true,
      true,
    ],
    [
      [
        [1, true],
        [2, false],
        [3, true],
      ],
      true,
      false,
    ],
    [
      [
        [1, true],
        [2, true],
      ],
      false,
      false,
    ],
  ]
  for (const [history, report, kill] of table) {
    let verdict = { record: NO_HEALTH, report: false, kill: false }
    for (const [age, healthy] of history)
      verdict = weighHealth(check, verdict.record, { healthy, ageMs: age * 1000 })
    expect({ history, report: verdict.report, kill: verdict.kill }).toEqual({
      history,
      report,
      kill,
    })
  }
})

const http = (statusCode?: number): CheckStatusInfo => ({
  type: "HTTP",
  http: statusCode === undefined ? {} : { statusCode },
})

test("a check reports changes only, begins empty, and never kills", () => {
  const w = new TestWorld().register()
  const info: CheckInfo = { type: "HTTP", http: { port: 1 }, delaySeconds: 0, intervalSeconds: 1 }
  const spec = w.run(testTask("web.1", { check: info }))
  w.started(spec)
  w.acknowledgeAll()
  expect(w.updates().at(-1)?.status.checkStatus).toEqual(http())
  w.effects = []
  for (const status of [http(), http(200), http(200), http(500), http(), http()]) {
    w.advance(1_000)
    const { containerId, sequence } = w.all("probe").at(-1) ?? {
      containerId: spec.containerId,
      sequence: 1,
    }
    w.give({ kind: "checkResult", containerId, sequence, status })
    w.acknowledgeAll()
  }
  expect(w.updates().map(({ status }) => status.checkStatus)).toEqual([
    http(200),
    http(500),
    http(),
  ])
  expect(w.updates()[0]?.status.reason).toBe("REASON_TASK_CHECK_STATUS_UPDATED")
  expect(w.all("kill")).toEqual([])
})

test("the end of a task carries what its check found last", () => {
  const w = new TestWorld().register()
  const info: CheckInfo = { type: "HTTP", http: { port: 1 }, delaySeconds: 1, intervalSeconds: 1 }
  const spec = w.runToRunning(testTask("web.1", { check: info }))
  w.advance(1_000)
  const { containerId, sequence } = w.last("probe")
  w.give({ kind: "checkResult", containerId, sequence, status: http(200) })
  w.give({ kind: "containerExited", containerId: spec.containerId, exit: { status: 0 } })
  w.acknowledgeAll()
  expect(w.updates().at(-1)?.status).toMatchObject({
    state: "TASK_FINISHED",
    checkStatus: http(200),
  })
})

test("health and check results carry each other's last word", () => {
  const w = new TestWorld().register()
  const info: CheckInfo = { type: "HTTP", http: { port: 1 }, delaySeconds: 1, intervalSeconds: 100 }
  const healthCheck = { ...check, delaySeconds: 2 }
  w.runToRunning(testTask("web.1", { check: info, healthCheck }))
  w.advance(1_000)
  const { containerId, sequence } = w.last("probe")
  w.give({ kind: "checkResult", containerId, sequence, status: http(200) })
  w.acknowledgeAll()
  w.advance(1_000)
  answer(w, true)
  expect(w.updates().at(-1)?.status).toMatchObject({ healthy: true, checkStatus: http(200) })
})
