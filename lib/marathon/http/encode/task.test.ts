import { expect, test } from "bun:test"
import { brandId } from "#lib/mesos/index.ts"
import type { AgentId, TaskId } from "#lib/mesos/index.ts"
import type { Instance, TaskRecord } from "#lib/marathon/core/records.ts"
import { testAppVersion } from "#lib/marathon/core/test-app.ts"
import type { MarathonView } from "#lib/marathon/core/view.ts"
import { formatTimestamp, resolvePathId } from "#lib/marathon/model/index.ts"
import { taskStats } from "./task-stats.ts"
import { encodeTask, withTasks } from "./task.ts"

const NOW = 100_000

const task = (change: Partial<TaskRecord> = {}): TaskRecord => ({
  id: brandId<TaskId>("s.instance-x._app.1"),
  stagedAt: 1000,
  startedAt: 2000,
  hostPorts: [31_000],
  portsByIndex: [31_000],
  ipAddresses: [{ ipAddress: "192.0.2.1", protocol: "IPv4" }],
  health: [],
  ready: true,
  ...change,
})

const instance = (change: Partial<Instance> = {}): Instance => ({
  id: "s.instance-x",
  appId: resolvePathId("/s"),
  version: formatTimestamp(0),
  role: "*",
  goal: "Running",
  condition: "Running",
  since: 0,
  createdAt: 0,
  incarnation: 1,
  placement: {
    agentId: brandId<AgentId>("a1"),
    host: "h",
    region: "r",
    zone: "z",
    attributes: {},
  },
  task: task(),
  ...change,
})

test("writes a task with its times and results", () => {
  const health = { alive: false, consecutiveFailures: 2, lastFailure: 3000, lastFailureCause: "no" }
  const checkStatus = { type: "HTTP", http: { statusCode: 404 } } as const
  const shown = encodeTask(instance({ task: task({ health: [null, health], checkStatus }) }))
  expect(JSON.parse(JSON.stringify(shown))).toEqual({
    id: "s.instance-x._app.1",
    appId: "/s",
    host: "h",
    slaveId: "a1",
    state: "TASK_RUNNING",
    ipAddresses: [{ ipAddress: "192.0.2.1", protocol: "IPv4" }],
    ports: [31_000],
    stagedAt: "1970-01-01T00:00:01.000Z",
    startedAt: "1970-01-01T00:00:02.000Z",
    version: "1970-01-01T00:00:00.000Z",
    healthCheckResults: [
      {
        alive: false,
        consecutiveFailures: 2,
        lastFailure: "1970-01-01T00:00:03.000Z",
        lastFailureCause: "no",
        instanceId: "instance [s.instance-x]",
      },
    ],
    checkResult: { http: { statusCode: 404 } },
    localVolumes: [],
    region: "r",
    zone: "z",
    role: "*",
  })
})

test.each([
  ["Provisioned", "TASK_STAGING"],
  ["UnreachableInactive", "TASK_UNREACHABLE"],
  ["Killing", "TASK_KILLING"],
  ["Gone", "TASK_GONE"],
] as const)("shows the condition %s as %s", (condition, state) => {
  expect(encodeTask(instance({ condition }))["state"]).toBe(state)
})

test("leaves out instances that wait for an offer", () => {
  const waiting = instance({ condition: "Scheduled" })
  const never = instance({ task: undefined })
  expect(withTasks([waiting, never, instance()])).toHaveLength(1)
})

test("counts tasks by how old their version is, with their ages", () => {
  const app = testAppVersion({
    versionInfo: {
      lastConfigChangeAt: formatTimestamp(5000),
      lastScalingAt: formatTimestamp(9000),
    },
  })
  const view = { health: ({ id }: Instance) => id === "good" } as MarathonView
  const instances = [
    instance({ id: "good", version: formatTimestamp(5000), task: task({ startedAt: 90_000 }) }),
    instance({
      version: formatTimestamp(9000),
      condition: "Staging",
      task: task({ startedAt: undefined }),
    }),
    instance({ version: formatTimestamp(9000), task: task({ startedAt: 80_000 }) }),
  ]
  const stats = JSON.parse(JSON.stringify(taskStats(app, instances, { view, now: NOW }))) as unknown
  const latest = {
    stats: {
      counts: { staged: 1, running: 2, healthy: 1, unhealthy: 2 },
      lifeTime: { averageSeconds: 15, medianSeconds: 20 },
    },
  }
  expect(stats).toEqual({
    withLatestConfig: latest,
    totalSummary: latest,
    startedAfterLastScaling: {
      stats: {
        counts: { staged: 1, running: 1, healthy: 0, unhealthy: 2 },
        lifeTime: { averageSeconds: 20, medianSeconds: 20 },
      },
    },
  })
})
