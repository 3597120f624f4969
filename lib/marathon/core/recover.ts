import { assert } from "#lib/std/assert.ts"
import type { App, PathId, Timestamp } from "../model/index.ts"
import { PREFIX, SCHEMA_VERSION } from "./keys.ts"
import type {
  Deployment,
  FrameworkRecord,
  GroupNode,
  Instance,
  LaunchDelay,
  RootVersion,
  TaskFailure,
  TaskRecord,
} from "./records.ts"
import { affectedApps } from "./deployments.ts"
import { LaunchStats } from "./launch-stats.ts"
import { State } from "./state.ts"

/** Stored things in the order of the store: ascending keys. */
export type Entries = readonly (readonly [key: string, value: unknown])[]

/**
 * The state as its stored parts tell it: the same as if the process had never stopped. Fails an
 * assertion on what it cannot read; to take such a thing for absent would lose apps.
 */
export function recoverState(entries: Entries, now: number): State {
  const state = new State()
  const current = new Map<PathId, Timestamp>()
  const instances: Instance[] = []
  const deployments: Deployment[] = []
  for (const [key, value] of entries) {
    assert(key.startsWith(PREFIX), `the key ${key} is Marathon's`)
    assert(typeof value === "object" && value !== null, `the value of ${key} is an object`)
    const path = key.slice(PREFIX.length)
    const slash = path.indexOf("/")
    const kind = slash < 0 ? path : path.slice(0, slash)
    const id = (slash < 0 ? "" : path.slice(slash)) as PathId
    switch (kind) {
      case "schema":
        checkSchema(value as { readonly version: number })
        break
      case "framework":
        state.frameworkId = (value as FrameworkRecord).frameworkId
        break
      case "apps":
        addVersion(state, value as App)
        break
      case "current":
        current.set(id, (value as { readonly version: Timestamp }).version)
        break
      case "groups":
        state.setGroup(id, value as GroupNode)
        break
      case "root":
        addUndo(state, value as RootVersion)
        break
      case "instances":
        instances.push(value as Instance)
        break
      case "deployments":
        deployments.push(value as Deployment)
        break
      case "delays":
        state.ensureApp(id).delays = notInFuture(value as readonly LaunchDelay[], now)
        break
      case "failures":
        state.ensureApp(id).failure = value as TaskFailure
        break
      default:
        assert(false, `the key ${key} is known to this version`)
    }
  }
  for (const [id, version] of current) {
    const app = state.ensureApp(id).versions.get(version)
    assert(app !== undefined, `version ${version} of ${id} is stored`)
    state.setCurrent(id, app)
  }
  addInstances(state, instances, now)
  addDeployments(state, deployments)
  return state
}

function checkSchema(stored: { readonly version: number }): void {
  assert(
    stored.version === SCHEMA_VERSION,
    `Marathon's state has form ${stored.version}, this executable reads ${SCHEMA_VERSION}: use the release that wrote it, or a newer one`,
  )
}

function addVersion(state: State, app: App): void {
  state.ensureApp(app.id).versions.set(app.version, app)
}

function addUndo(state: State, undo: RootVersion): void {
  state.undo.set(undo.version, undo)
  if (undo.version > state.rootVersion) state.rootVersion = undo.version
}

function addInstances(state: State, instances: Instance[], now: number): void {
  instances.sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1))
  for (const instance of instances) {
    const { task } = instance
    state.setInstance(task === undefined ? instance : { ...instance, task: startedBy(task, now) })
    if (instance.condition === "Scheduled")
      state.ensureApp(instance.appId).stats ??= new LaunchStats(now)
  }
}

// A clock that was set back while the process was down must not stretch delays and time-outs.
const notInFuture = (delays: readonly LaunchDelay[], now: number): readonly LaunchDelay[] =>
  delays.map((delay) => ({ ...delay, reference: Math.min(delay.reference, now) }))

function startedBy(task: TaskRecord, now: number): TaskRecord {
  const earlier = (at: number | undefined): number | undefined =>
    at === undefined ? undefined : Math.min(at, now)
  return {
    ...task,
    stagedAt: Math.min(task.stagedAt, now),
    startedAt: earlier(task.startedAt),
    unreachableAt: earlier(task.unreachableAt),
  }
}

function addDeployments(state: State, deployments: Deployment[]): void {
  deployments.sort((a, b) => (a.version < b.version ? -1 : 1))
  for (const deployment of deployments) {
    state.deployments.set(deployment.id, deployment)
    for (const app of affectedApps(deployment)) state.locks.set(app, deployment.id)
  }
}
