import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"
import { ancestorsOf, formatTimestamp, parseTimestampMs } from "../model/index.ts"
import type { App, AppSpec, PathId, Timestamp } from "../model/index.ts"
import type { Refusal, RootChange } from "./command.ts"
import type { Core } from "./core.ts"
import { equal } from "#lib/std/equal.ts"
import { planSteps } from "./plan.ts"
import type { AppChange } from "./plan.ts"
import type { GroupNode, RootVersion, Step } from "./records.ts"
import { assignServicePorts, PortChooser, servicePortsOf } from "./service-ports.ts"

/** A change of the root group, worked out but not applied. */
export type PreparedChange = {
  readonly version: Timestamp
  readonly apps: ReadonlyMap<PathId, App | null>
  readonly groups: ReadonlyMap<PathId, GroupNode | null>
  readonly undo: RootVersion
  readonly steps: readonly Step[]
}

/** A change whose apps may be earlier versions: their configuration counts as the one it was then. */
export type RestoringChange = RootChange & { readonly restore?: ReadonlySet<PathId> | undefined }

/** Works out versions, service ports, missing groups and steps of a change. Changes nothing. */
export function prepareChange(
  core: Core,
  change: RestoringChange,
): Result<PreparedChange, Refusal> {
  const { state } = core
  const version = nextVersion(core)
  const apps = new Map<PathId, App | null>()
  const changes: AppChange[] = []
  const { localPortMin: min, localPortMax: max } = core.options
  const chooser = new PortChooser(min, max, (port) => state.servicePorts.has(port))
  for (const [id, after] of namedApps(core, change)) {
    const before = state.apps.get(id)?.current
    if (after === null) {
      if (before === undefined) continue
      apps.set(id, null)
      changes.push({ id, before, after: undefined, isMixed: false })
      continue
    }
    const previous = before === undefined ? [] : servicePortsOf(before)
    const assigned = assignServicePorts(after, previous, chooser)
    if (assigned === undefined) return err({ code: "portsExhausted", min, max })
    const app = nextApp(assigned, before, version, {
      restart: change.restart?.has(id) === true,
      restored: change.restore?.has(id) === true ? versionInfoOf(after) : undefined,
    })
    if (app === before) continue
    apps.set(id, app)
    changes.push({ id, before, after: app, isMixed: runsOtherConfig(core, app) })
  }
  const groups = changedGroups(core, change, apps)
  const steps = planSteps(changes, targetOf(core, apps, groups))
  if (!steps.ok) return steps
  return ok({
    version,
    apps,
    groups,
    undo: undoOf(core, version, apps, groups),
    steps: steps.value,
  })
}

function runsOtherConfig(core: Core, app: App): boolean {
  for (const instance of core.state.apps.get(app.id)?.instances.values() ?? [])
    if (instance.goal === "Running" && !core.state.hasConfigOf(instance, app)) return true
  return false
}

/** Makes a prepared change the present root group. */
export function applyChange(core: Core, prepared: PreparedChange): void {
  for (const [id, group] of prepared.groups) core.setGroup(id, group)
  for (const [id, app] of prepared.apps) core.setCurrent(id, app ?? undefined)
  core.addRootVersion(prepared.undo)
}

// Versions rise even when the clock stands still or jumps back across a restart.
function nextVersion(core: Core): Timestamp {
  const last = parseTimestampMs(core.state.rootVersion) ?? 0
  return formatTimestamp(Math.max(core.now, last + 1))
}

function namedApps(core: Core, change: RootChange): ReadonlyMap<PathId, AppSpec | null> {
  const apps = new Map(change.apps)
  for (const id of change.restart ?? []) {
    const current = core.state.apps.get(id)?.current
    if (current !== undefined && !apps.has(id)) apps.set(id, current)
  }
  return apps
}

const versionInfoOf = (app: AppSpec): App["versionInfo"] | undefined => (app as App).versionInfo

/** The next version of an app: the one before when nothing changed. Source: section 2.7. */
function nextApp(
  spec: AppSpec,
  before: App | undefined,
  version: Timestamp,
  how: { readonly restart: boolean; readonly restored: App["versionInfo"] | undefined },
): App {
  const fresh = { ...spec, version, versionInfo: stamps(version, version) }
  if (before === undefined) return fresh
  const sameConfig =
    !how.restart && equal(configOf(spec), configOf(before)) && how.restored === undefined
  if (sameConfig && spec.instances === before.instances) return before
  const { lastScalingAt, lastConfigChangeAt } = before.versionInfo
  if (sameConfig) return { ...fresh, versionInfo: stamps(version, lastConfigChangeAt) }
  if (how.restored !== undefined) {
    const same = how.restored.lastConfigChangeAt === lastConfigChangeAt
    if (same && spec.instances === before.instances) return before
    return {
      ...fresh,
      versionInfo: stamps(
        spec.instances === before.instances ? lastScalingAt : version,
        how.restored.lastConfigChangeAt,
      ),
    }
  }
  return fresh
}

const stamps = (lastScalingAt: Timestamp, lastConfigChangeAt: Timestamp): App["versionInfo"] => ({
  lastScalingAt,
  lastConfigChangeAt,
})

function configOf(app: AppSpec): AppSpec {
  return { ...app, instances: 0, version: undefined, versionInfo: undefined } as AppSpec
}

function changedGroups(
  core: Core,
  change: RootChange,
  apps: ReadonlyMap<PathId, App | null>,
): ReadonlyMap<PathId, GroupNode | null> {
  const { state } = core
  const groups = new Map<PathId, GroupNode | null>()
  for (const [id, group] of change.groups ?? [])
    if (!equal(group, state.groups.get(id) ?? null)) groups.set(id, group)
  for (const [id, app] of apps) {
    if (app === null) continue
    // An empty group gives way to an app of its name; the API refuses one that is not empty.
    if (state.groups.has(id) && !groups.has(id)) groups.set(id, null)
    addMissing(core, groups, id)
  }
  for (const [id, group] of groups) if (group !== null) addMissing(core, groups, id)
  return groups
}

function addMissing(core: Core, groups: Map<PathId, GroupNode | null>, below: PathId): void {
  for (const id of ancestorsOf(below)) {
    const known = groups.has(id) ? groups.get(id) !== null : core.state.groups.has(id)
    if (!known) groups.set(id, { id, dependencies: [] })
  }
}

function targetOf(
  core: Core,
  apps: ReadonlyMap<PathId, App | null>,
  groups: ReadonlyMap<PathId, GroupNode | null>,
): Parameters<typeof planSteps>[1] {
  const { state } = core
  return {
    app: (id) => (apps.has(id) ? (apps.get(id) ?? undefined) : state.apps.get(id)?.current),
    group: (id) => (groups.has(id) ? (groups.get(id) ?? undefined) : state.groups.get(id)),
    appIds: function* () {
      for (const id of state.appIds()) if (apps.get(id) !== null) yield id
      for (const [id, app] of apps)
        if (app !== null && state.apps.get(id)?.current === undefined) yield id
    },
  }
}

function undoOf(
  core: Core,
  version: Timestamp,
  apps: ReadonlyMap<PathId, App | null>,
  groups: ReadonlyMap<PathId, GroupNode | null>,
): RootVersion {
  const { state } = core
  const appsBefore: Record<string, App | null> = {}
  const groupsBefore: Record<string, GroupNode | null> = {}
  for (const id of apps.keys()) appsBefore[id] = state.apps.get(id)?.current ?? null
  for (const id of groups.keys()) groupsBefore[id] = state.groups.get(id) ?? null
  return { version, apps: appsBefore, groups: groupsBefore }
}
