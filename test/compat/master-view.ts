/** A master's view built by hand, with valid defaults, for tests of what the API makes of it. */
import {
  brandId,
  normalizeResources,
  parseResources,
  type AgentId,
  type FrameworkId,
  type Resources,
  type TaskId,
  type TaskState,
} from "#lib/mesos/index.ts"
import type {
  AgentView,
  FrameworkView,
  MasterPort,
  MasterView,
  TaskView,
} from "#lib/master/index.ts"

/** Resources from text, as part of a role's allocation where one is named. */
export function resources(text: string, allocationRole?: string): Resources {
  const parsed = parseResources(text)
  if (!parsed.ok) throw new Error(parsed.error.message)
  if (allocationRole === undefined) return parsed.value
  return normalizeResources(parsed.value.map((each) => ({ ...each, allocationRole })))
}

/** A running task of framework "m-0000" on agent "m-S0". */
export function taskView(id: string, change: Partial<TaskView> = {}): TaskView {
  const state: TaskState = change.state ?? "TASK_RUNNING"
  return {
    name: id,
    taskId: brandId<TaskId>(id),
    frameworkId: brandId<FrameworkId>("m-0000"),
    agentId: brandId<AgentId>("m-S0"),
    state,
    role: "*",
    resources: resources("cpus:0.5;mem:128;ports:[31005-31005]", "*"),
    statuses: [{ taskId: brandId<TaskId>(id), state, timestamp: 1_700_000_030.25 }],
    text(render) {
      return render(this)
    },
    ...change,
  }
}

/** A connected framework of role "*" with these tasks. */
export function frameworkView(
  tasks: readonly TaskView[] = [],
  change: Partial<FrameworkView> = {},
): FrameworkView {
  const id = change.id ?? brandId<FrameworkId>("m-0000")
  const used = normalizeResources(tasks.flatMap((task) => task.resources))
  return {
    id,
    info: { user: "root", name: "demo", id, failoverTimeout: 3600, checkpoint: true },
    roles: ["*"],
    suppressedRoles: new Set(),
    offerConstraints: undefined,
    capabilities: new Set(["PARTITION_AWARE"]),
    connected: true,
    active: true,
    recovered: false,
    registeredAt: 1_700_000_020_000,
    reregisteredAt: undefined,
    unregisteredAt: undefined,
    tasks: new Map(tasks.map((task) => [task.taskId, task])),
    unreachableTasks: new Map(),
    completedTasks: [],
    tasksRevision: 0,
    executors: new Set(),
    offers: new Set(),
    usedMilli: new Map(),
    used: () => used,
    offered: () => [],
    ...change,
  }
}

/** An active agent with these tasks. */
export function agentView(
  tasks: readonly TaskView[] = [],
  change: Partial<AgentView> = {},
): AgentView {
  const id = change.id ?? brandId<AgentId>("m-S0")
  return {
    id,
    info: { hostname: "a1", port: 5051, id },
    address: "10.0.2.1",
    version: "1.12.0",
    capabilities: ["MULTI_ROLE"],
    connected: true,
    active: true,
    deactivated: false,
    drain: undefined,
    registeredAt: 1_700_000_010_100,
    reregisteredAt: undefined,
    total: resources("cpus:7;cpus(db):1;mem:15000;disk:100000;ports:[31000-32000]"),
    used: normalizeResources(tasks.flatMap((task) => task.resources)),
    offered: [],
    revision: 0,
    tasks: new Set(tasks),
    executors: new Set(),
    tasksRevision: 0,
    offers: new Set(),
    ...change,
  }
}

/** A master that has been up for a while. */
export const masterView = (change: Partial<MasterView> = {}): MasterView => ({
  info: {
    id: "m",
    ip: 0x0101000a,
    port: 5050,
    pid: "master@10.0.1.1:5050",
    hostname: "m1",
    capabilities: [{ type: "AGENT_UPDATE" }],
  },
  startedAt: 1_700_000_000_500,
  agents: new Map(),
  recoveredAgents: new Map(),
  unreachableAgents: new Map(),
  goneAgents: new Map(),
  frameworks: new Map(),
  completedFrameworks: new Map(),
  offers: new Map(),
  inverseOffers: new Map(),
  maintenance: { schedule: {}, machines: new Map() },
  maintenanceStatus: () => ({}),
  operations: new Map(),
  weights: new Map(),
  quotas: new Map(),
  consumed: () => new Map(),
  frameworkOfStream: () => undefined,
  callRefusal: () => undefined,
  weight: () => 1,
  metrics: () => ({ "master/elected": 1 }),
  allocation: { runs: 0, pending: false },
  explain: () => undefined,
  ...change,
})

/** A master that only shows its view: it takes no subscriptions and refuses all calls. */
export const masterPort = (view: MasterView): MasterPort => ({
  view,
  subscribe: () => undefined,
  closeStream: () => undefined,
  watch: () => undefined,
  unwatch: () => undefined,
  take: () => ({ status: 503, message: "no machine" }),
  call: () => Promise.resolve({ status: 503, message: "no machine" }),
  operate: () => Promise.resolve({ status: 503, message: "no machine" }),
})
