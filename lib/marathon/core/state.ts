import { assert, must } from "#lib/std/assert.ts"
import type { FrameworkId } from "#lib/mesos/index.ts"
import { formatTimestamp, ROOT } from "../model/index.ts"
import type { App, PathId, Timestamp } from "../model/index.ts"
import type { LaunchStats } from "./launch-stats.ts"
import { instanceIdOfTask } from "./instance-id.ts"
import type {
  Deployment,
  GroupNode,
  Instance,
  LaunchDelay,
  RootVersion,
  TaskFailure,
} from "./records.ts"
import { servicePortsOf } from "./service-ports.ts"

/** Everything about one app id: its definitions, its instances, why it waits. */
export type AppState = {
  readonly id: PathId
  /** Undefined once removed from the root group, while instances still end. */
  current: App | undefined
  /** Oldest first. */
  readonly versions: Map<Timestamp, App>
  /** Oldest first. */
  readonly instances: Map<string, Instance>
  /** Ids of instances that wait for an offer. */
  readonly waiting: Set<string>
  delays: readonly LaunchDelay[]
  failure: TaskFailure | undefined
  /** Present while instances wait. */
  stats: LaunchStats | undefined
}

/**
 * All that Marathon knows, indexed. It only holds; `Records` writes it together with the store, so
 * that both say the same. Source of the keys: lib/marathon/README.md.
 */
export class State {
  frameworkId: FrameworkId | undefined
  rootVersion: Timestamp = formatTimestamp(0)
  readonly apps = new Map<PathId, AppState>()
  readonly groups = new Map<PathId, GroupNode>([[ROOT, { id: ROOT, dependencies: [] }]])
  readonly undo = new Map<Timestamp, RootVersion>()
  readonly deployments = new Map<string, Deployment>()
  /** The deployment that holds an app. */
  readonly locks = new Map<PathId, string>()
  readonly instances = new Map<string, Instance>()
  /** Apps with waiting instances, by the role whose offers they need. */
  readonly waiting = new Map<string, Set<PathId>>()
  /** How many port declarations ask for a service port. */
  readonly servicePorts = new Map<number, number>()
  #appOrder: readonly PathId[] | undefined
  #groupOrder: readonly PathId[] | undefined

  /** Ids of the apps in the root group, ascending. */
  appIds(): readonly PathId[] {
    this.#appOrder ??= [...this.apps.values()]
      .filter((app) => app.current !== undefined)
      .map((app) => app.id)
      .sort()
    return this.#appOrder
  }

  /** Ids of all groups, ascending. */
  groupIds(): readonly PathId[] {
    this.#groupOrder ??= [...this.groups.keys()].sort()
    return this.#groupOrder
  }

  /** The state of an app id, made when it is not there. */
  ensureApp(id: PathId): AppState {
    let app = this.apps.get(id)
    if (app === undefined) {
      app = {
        id,
        current: undefined,
        versions: new Map(),
        instances: new Map(),
        waiting: new Set(),
        delays: [],
        failure: undefined,
        stats: undefined,
      }
      this.apps.set(id, app)
    }
    return app
  }

  setCurrent(id: PathId, current: App | undefined): void {
    const app = this.ensureApp(id)
    if (app.current !== undefined) this.#countPorts(app.current, -1)
    if (current !== undefined) {
      this.#countPorts(current, 1)
      app.versions.set(current.version, current)
    }
    app.current = current
    this.#appOrder = undefined
  }

  forgetApp(id: PathId): void {
    const app = must(this.apps.get(id), `app ${id} is known`)
    assert(app.current === undefined && app.instances.size === 0, `app ${id} is not used any more`)
    this.apps.delete(id)
  }

  setGroup(id: PathId, group: GroupNode | null): void {
    if (group === null) this.groups.delete(id)
    else this.groups.set(id, group)
    this.#groupOrder = undefined
  }

  setInstance(instance: Instance): void {
    const app = this.ensureApp(instance.appId)
    this.instances.set(instance.id, instance)
    app.instances.set(instance.id, instance)
    this.#setWaiting(app, instance, instance.condition === "Scheduled")
  }

  removeInstance(instance: Instance): void {
    const app = this.ensureApp(instance.appId)
    this.#setWaiting(app, instance, false)
    app.instances.delete(instance.id)
    this.instances.delete(instance.id)
  }

  /** The instance whose present task has this id. */
  instanceOfTask(taskId: string): Instance | undefined {
    const id = instanceIdOfTask(taskId)
    const instance = id === undefined ? undefined : this.instances.get(id)
    return instance?.task?.id === taskId ? instance : undefined
  }

  /** The definition that an instance runs. */
  definition(instance: Instance): App {
    const app = this.apps.get(instance.appId)?.versions.get(instance.version)
    return must(app, `the definition of instance ${instance.id} is kept`)
  }

  /** Whether the instance runs the configuration of the definition: scaling does not change it. */
  hasConfigOf(instance: Instance, app: App): boolean {
    const own = this.definition(instance).versionInfo.lastConfigChangeAt
    return own === app.versionInfo.lastConfigChangeAt
  }

  #setWaiting(app: AppState, instance: Instance, waits: boolean): void {
    if (waits === app.waiting.has(instance.id)) return
    if (waits) app.waiting.add(instance.id)
    else app.waiting.delete(instance.id)
    const apps = this.waiting.get(instance.role) ?? new Set()
    if (waits || this.#waitsIn(app, instance.role)) apps.add(app.id)
    else apps.delete(app.id)
    if (apps.size > 0) this.waiting.set(instance.role, apps)
    else this.waiting.delete(instance.role)
    if (app.waiting.size === 0) app.stats = undefined
  }

  #waitsIn(app: AppState, role: string): boolean {
    for (const id of app.waiting) if (this.instances.get(id)?.role === role) return true
    return false
  }

  #countPorts(app: App, by: 1 | -1): void {
    for (const port of servicePortsOf(app)) {
      if (port === 0) continue
      const count = (this.servicePorts.get(port) ?? 0) + by
      if (count > 0) this.servicePorts.set(port, count)
      else this.servicePorts.delete(port)
    }
  }
}
