import { Deadlines } from "#lib/std/deadlines.ts"
import { Random } from "#lib/std/random.ts"
import type { FrameworkId, OfferId } from "#lib/mesos/index.ts"
import type { LogFields, LogLevel } from "#lib/ports/index.ts"
import { formatTimestamp } from "../model/index.ts"
import type { App, PathId, Timestamp } from "../model/index.ts"
import { healthOf } from "./health-state.ts"
import { TimeUuids } from "./instance-id.ts"
import { keys } from "./keys.ts"
import type { MarathonOptions } from "./options.ts"
import type {
  Deployment,
  GroupNode,
  Instance,
  LaunchDelay,
  RootVersion,
  TaskFailure,
} from "./records.ts"
import type { AppState, State } from "./state.ts"
import type { MarathonEffect, OtherCall } from "./types.ts"

/** Alarms of the machine as a whole. */
export type Alarm =
  | "subscribe"
  | "reconcile"
  | "scale"
  | "revive"
  | "repeatRevive"
  | "tokens"
  | "decline"

/** The connection to the master, as the machine sees it. */
export type Link = {
  connected: boolean
  masterAddress: string | undefined
  /** The fault domain region of the master: apps stay in it unless a constraint names another. */
  masterRegion: string | undefined
  /** Failed attempts to subscribe in a row. */
  attempts: number
  /** The roles of the latest subscription. */
  roles: ReadonlySet<string>
  readonly suppressed: Set<string>
  /** Roles in which something became launchable since their last revive. */
  readonly reviveWanted: Set<string>
  lastReviveAt: number
  launchTokens: number
  /** Offers whose answer the master may not have: it holds them back for us until it has one. */
  readonly unanswered: Set<OfferId>
}

/**
 * What the parts of the machine share: the state, the moment, the effects of this step and the
 * alarms. Every change of a stored thing goes through it, so that state and store stay one.
 */
export class Core {
  readonly state: State
  readonly options: MarathonOptions
  readonly random: Random
  readonly uuids: TimeUuids
  now = 0
  out: MarathonEffect[] = []
  /** Apps whose instances or definitions changed since they were last looked at. */
  readonly dirty = new Set<PathId>()
  /** The apps of each deployment's running step whose action is not done yet. */
  readonly pendingActions = new Map<string, { readonly step: number; readonly apps: Set<PathId> }>()
  readonly alarms = new Deadlines<Alarm>()
  /** When an instance's condition must be looked at again. */
  readonly instanceAlarms = new Deadlines<string>()
  /** When an app's launch delay ends. */
  readonly delayAlarms = new Deadlines<PathId>()
  /** Health and readiness probes, by probe key. */
  readonly probeAlarms = new Deadlines<string>()
  /** Kill retries, by instance id. */
  readonly killAlarms = new Deadlines<string>()
  /** Instances whose kill waits for room in flight, oldest first. */
  readonly killQueue = new Set<string>()
  readonly link: Link

  constructor(state: State, options: MarathonOptions) {
    this.state = state
    this.options = options
    this.random = new Random(options.seed)
    this.uuids = new TimeUuids(this.random)
    this.link = {
      connected: false,
      masterAddress: undefined,
      masterRegion: undefined,
      attempts: 0,
      roles: new Set(),
      suppressed: new Set(),
      reviveWanted: new Set(),
      lastReviveAt: Number.NEGATIVE_INFINITY,
      launchTokens: options.launchTokens,
      unanswered: new Set(),
    }
  }

  publish(eventType: string, members: Readonly<Record<string, unknown>>): void {
    const event = { eventType, timestamp: formatTimestamp(this.now), ...members }
    this.out.push({ kind: "publish", event })
  }

  call(call: OtherCall): void {
    if (this.link.connected)
      this.out.push({ kind: "call", call: { ...call, frameworkId: this.state.frameworkId } })
  }

  log(level: LogLevel, message: string, fields: LogFields = {}): void {
    this.out.push({ kind: "log", level, message, fields })
  }

  setFramework(frameworkId: FrameworkId | undefined): void {
    this.state.frameworkId = frameworkId
    if (frameworkId === undefined) this.#delete(keys.framework)
    else this.#put(keys.framework, { frameworkId })
  }

  /** Makes a definition the current one of its app, or takes the app out of the root group. */
  setCurrent(id: PathId, app: App | undefined): void {
    this.state.setCurrent(id, app)
    this.dirty.add(id)
    if (app === undefined) return this.#delete(keys.current(id))
    this.#put(keys.app(id, app.version), app)
    this.#put(keys.current(id), { version: app.version })
    this.#pruneVersions(this.state.ensureApp(id))
  }

  setGroup(id: PathId, group: GroupNode | null): void {
    this.state.setGroup(id, group)
    if (group === null) this.#delete(keys.group(id))
    else this.#put(keys.group(id), group)
  }

  /** Remembers how a change of the root group is undone and makes its version the newest. */
  addRootVersion(undo: RootVersion): void {
    const { state } = this
    state.rootVersion = undo.version
    state.undo.set(undo.version, undo)
    this.#put(keys.root(undo.version), undo)
    for (const version of state.undo.keys()) {
      if (state.undo.size <= this.options.maxVersions) break
      state.undo.delete(version)
      this.#delete(keys.root(version))
    }
  }

  setDeployment(deployment: Deployment): void {
    this.state.deployments.set(deployment.id, deployment)
    this.#put(keys.deployment(deployment.id), deployment)
  }

  removeDeployment(deployment: Deployment): void {
    const { state } = this
    state.deployments.delete(deployment.id)
    this.pendingActions.delete(deployment.id)
    this.#delete(keys.deployment(deployment.id))
    for (const [app, holder] of state.locks)
      if (holder === deployment.id) {
        state.locks.delete(app)
        this.dirty.add(app)
      }
  }

  /** Stores an instance and tells of a new condition or health. */
  setInstance(instance: Instance): void {
    const before = this.state.instances.get(instance.id)
    this.state.setInstance(instance)
    this.#put(keys.instance(instance.id), instance)
    this.dirty.add(instance.appId)
    if (before?.condition !== instance.condition) this.publishCondition(instance)
    const health = healthOf(instance)
    if (before !== undefined && healthOf(before) !== health)
      this.publish("instance_health_changed_event", {
        instanceId: instance.id,
        runSpecId: instance.appId,
        runSpecVersion: instance.version,
        healthy: health ?? null,
      })
  }

  /** Takes over facts that need not survive a crash, such as the time of the last success. */
  noteInstance(instance: Instance): void {
    this.state.setInstance(instance)
  }

  removeInstance(instance: Instance): void {
    this.state.removeInstance(instance)
    this.#delete(keys.instance(instance.id))
    this.dirty.add(instance.appId)
    this.instanceAlarms.clear(instance.id)
    this.killAlarms.clear(instance.id)
    this.killQueue.delete(instance.id)
  }

  publishCondition(instance: Instance): void {
    this.publish("instance_changed_event", {
      instanceId: instance.id,
      condition: instance.condition,
      runSpecId: instance.appId,
      agentId: instance.placement?.agentId ?? null,
      host: instance.placement?.host ?? null,
      runSpecVersion: instance.version,
    })
  }

  setDelays(app: AppState, delays: readonly LaunchDelay[]): void {
    if (delays === app.delays) return
    const known = new Set([...app.versions.values()].map((v) => v.versionInfo.lastConfigChangeAt))
    app.delays = delays.filter((delay) => known.has(delay.config))
    if (app.delays.length > 0) this.#put(keys.delays(app.id), app.delays)
    else this.#delete(keys.delays(app.id))
    this.armDelay(app)
  }

  /** Arms the alarm for the end of the app's next delay. */
  armDelay(app: AppState): void {
    const ends = app.delays
      .map(({ reference, delayMs }) => reference + delayMs)
      .filter((at) => at > this.now)
    if (ends.length > 0) this.delayAlarms.set(app.id, Math.min(...ends))
    else this.delayAlarms.clear(app.id)
  }

  setFailure(failure: TaskFailure): void {
    const app = this.state.apps.get(failure.appId)
    if (app === undefined) return
    app.failure = failure
    this.#put(keys.failure(app.id), failure)
  }

  /** Forgets an app that was removed and has no instance left. */
  forgetApp(app: AppState): void {
    for (const version of app.versions.keys()) this.#delete(keys.app(app.id, version))
    if (app.delays.length > 0) this.#delete(keys.delays(app.id))
    if (app.failure !== undefined) this.#delete(keys.failure(app.id))
    this.state.forgetApp(app.id)
    this.delayAlarms.clear(app.id)
  }

  /** The next moment at which the machine wants to be woken. */
  nextAlarm(): number | undefined {
    const due = [
      this.alarms.next(),
      this.instanceAlarms.next(),
      this.delayAlarms.next(),
      this.probeAlarms.next(),
      this.killAlarms.next(),
    ].filter((at) => at !== undefined)
    return due.length > 0 ? Math.min(...due) : undefined
  }

  #pruneVersions(app: AppState): void {
    const used = new Set<Timestamp>([...app.instances.values()].map((one) => one.version))
    for (const version of app.versions.keys()) {
      if (app.versions.size <= this.options.maxVersions) return
      if (used.has(version) || version === app.current?.version) continue
      app.versions.delete(version)
      this.#delete(keys.app(app.id, version))
    }
  }

  #put(key: string, value: unknown): void {
    this.out.push({ kind: "put", key, value })
  }

  #delete(key: string): void {
    this.out.push({ kind: "delete", key })
  }
}
