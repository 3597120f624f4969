import type { FrameworkId } from "#lib/mesos/index.ts"
import type { App, PathId, Timestamp } from "../model/index.ts"
import { must } from "#lib/std/assert.ts"
import type { RootView } from "./command.ts"
import type { Core } from "./core.ts"
import { healthOf } from "./health-state.ts"
import { launchAllowedAt } from "./launch-delay.ts"
import { LaunchStats } from "./launch-stats.ts"
import type { Deployment, GroupNode, Instance, TaskFailure } from "./records.ts"
import { rootAt } from "./root-history.ts"
import type { AppState } from "./state.ts"
import type { InstanceHealth, MarathonView, QueueItem, ReadinessView } from "./view.ts"

/** Reads the machine's state for the API. */
export class CoreView implements MarathonView {
  readonly #core: Core

  constructor(core: Core) {
    this.#core = core
  }

  get rootVersion(): Timestamp {
    return this.#core.state.rootVersion
  }

  get frameworkId(): FrameworkId | undefined {
    return this.#core.state.frameworkId
  }

  get connected(): boolean {
    return this.#core.link.connected
  }

  get masterAddress(): string | undefined {
    return this.#core.link.masterAddress
  }

  app(id: PathId): App | undefined {
    return this.#core.state.apps.get(id)?.current
  }

  apps(): readonly App[] {
    return this.#core.state.appIds().flatMap((id) => this.app(id) ?? [])
  }

  group(id: PathId): GroupNode | undefined {
    return this.#core.state.groups.get(id)
  }

  groups(): readonly GroupNode[] {
    return this.#core.state.groupIds().map((id) => must(this.group(id), `group ${id} exists`))
  }

  appAt(id: PathId, version: Timestamp): App | undefined {
    const app = this.#core.state.apps.get(id)
    return app?.current === undefined ? undefined : app.versions.get(version)
  }

  appVersions(id: PathId): readonly Timestamp[] {
    const app = this.#core.state.apps.get(id)
    return app?.current === undefined ? [] : [...app.versions.keys()].sort().reverse()
  }

  rootVersions(): readonly Timestamp[] {
    const versions = new Set([...this.#core.state.undo.keys(), this.rootVersion])
    return [...versions].sort().reverse()
  }

  rootAt(version: Timestamp): ReturnType<RootView["rootAt"]> {
    return rootAt(this.#core.state, version)
  }

  instances(appId: PathId): readonly Instance[] {
    return [...(this.#core.state.apps.get(appId)?.instances.values() ?? [])].sort(
      (a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1),
    )
  }

  instance(id: string): Instance | undefined {
    return this.#core.state.instances.get(id)
  }

  instanceOfTask(taskId: string): Instance | undefined {
    return this.#core.state.instanceOfTask(taskId)
  }

  health(instance: Instance): InstanceHealth {
    return healthOf(instance)
  }

  lastTaskFailure(appId: PathId): TaskFailure | undefined {
    return this.#core.state.apps.get(appId)?.failure
  }

  deployments(): readonly Deployment[] {
    return [...this.#core.state.deployments.values()]
  }

  deployment(id: string): Deployment | undefined {
    return this.#core.state.deployments.get(id)
  }

  deploymentsOf(appId: PathId): readonly string[] {
    const holder = this.#core.state.locks.get(appId)
    return holder === undefined ? [] : [holder]
  }

  readiness(appId: PathId): readonly ReadinessView[] {
    const { state } = this.#core
    if (!state.locks.has(appId)) return []
    return this.instances(appId).flatMap((instance) => {
      const { task } = instance
      const [check] = state.definition(instance).readinessChecks
      if (check === undefined || task === undefined || instance.condition !== "Running") return []
      return {
        name: check.name,
        taskId: task.id,
        ready: task.ready,
        lastResponse: check.preserveLastResponse ? task.readiness : undefined,
      }
    })
  }

  queue(now: number): readonly QueueItem[] {
    return [...this.#core.state.apps.values()]
      .filter((app) => app.waiting.size > 0)
      .sort((a, b) => (a.id < b.id ? -1 : 1))
      .flatMap((app) => this.#queueItem(app, now) ?? [])
  }

  #queueItem(app: AppState, now: number): QueueItem | undefined {
    const [first] = app.waiting
    const instance = first === undefined ? undefined : app.instances.get(first)
    if (instance === undefined) return undefined
    const definition = this.#core.state.definition(instance)
    const stats = app.stats ?? new LaunchStats(now)
    return {
      app: definition,
      role: instance.role,
      count: app.waiting.size,
      since: stats.since,
      launchAllowedAt: launchAllowedAt(app.delays, definition, now),
      processedOffersCount: stats.processed,
      unusedOffersCount: stats.unused,
      lastUnusedOfferAt: stats.lastUnusedAt,
      lastUsedOfferAt: stats.lastUsedAt,
      rejectSummaryLastOffers: stats.summaryOfLastOffers(),
      rejectSummaryLaunchAttempt: stats.summaryOfAttempt(),
      lastUnusedOffers: stats.lastUnused(),
    }
  }
}
