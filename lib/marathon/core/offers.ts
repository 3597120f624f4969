import type { Offer, OfferId, TaskInfo } from "#lib/mesos/index.ts"
import type { App } from "../model/index.ts"
import type { Core } from "./core.ts"
import { taskIdOf } from "./instance-id.ts"
import { matchOffer } from "./launch/match.ts"
import type { Grant } from "./launch/match.ts"
import { OfferPool } from "./launch/offer-pool.ts"
import { taskInfoOf } from "./launch/task-info.ts"
import { delaysAfterProgress, launchAllowedAt } from "./launch-delay.ts"
import type { Instance } from "./records.ts"
import type { AppState } from "./state.ts"
import { watchUnreachable } from "./unreachable.ts"

/** Uses each offer for what waits in its role, or declines it. Source: marathon-api reference, 6.7. */
export function takeOffers(core: Core, offers: readonly Offer[]): void {
  const unused: OfferId[] = []
  for (const offer of offers) {
    const taskInfos = launchesFor(core, offer)
    if (taskInfos.length === 0) {
      unused.push(offer.id)
      continue
    }
    core.call({
      kind: "accept",
      offerIds: [offer.id],
      operations: [{ kind: "launch", taskInfos }],
      // What is left over may come again at once: other instances may be waiting for it.
      filters: { refuseSeconds: 0 },
    })
  }
  if (unused.length > 0)
    core.call({
      kind: "decline",
      offerIds: unused,
      filters: { refuseSeconds: core.options.declineOfferMs / 1000 },
    })
}

/** When an app's next waiting instance may be launched; undefined when none waits in the role. */
export function nextLaunch(
  core: Core,
  app: AppState,
  role: string,
): { readonly instance: Instance; readonly definition: App; readonly at: number } | undefined {
  let best: ReturnType<typeof nextLaunch>
  const seen = new Set<string>()
  for (const id of app.waiting) {
    const instance = app.instances.get(id)
    if (instance === undefined || instance.role !== role) continue
    if (seen.has(instance.version)) continue
    seen.add(instance.version)
    const definition = core.state.definition(instance)
    const at = launchAllowedAt(app.delays, definition, core.now)
    if (best === undefined || at < best.at) best = { instance, definition, at }
    if (at <= core.now) break
  }
  return best
}

function launchesFor(core: Core, offer: Offer): TaskInfo[] {
  const role = offer.allocationInfo?.role ?? core.options.mesosRole
  const waiting = core.state.waiting.get(role)
  const taskInfos: TaskInfo[] = []
  if (waiting === undefined) return taskInfos
  const pool = new OfferPool(offer)
  for (const id of waiting) {
    if (taskInfos.length >= core.options.maxInstancesPerOffer) break
    const app = core.state.ensureApp(id)
    let used = false
    while (taskInfos.length < core.options.maxInstancesPerOffer && core.link.launchTokens > 0) {
      const next = nextLaunch(core, app, role)
      if (next === undefined || next.at > core.now) break
      const match = matchOffer(core, next.definition, offer, pool)
      if (!match.ok) {
        if (!used) app.stats?.refused(offer, match.reasons, core.now)
        break
      }
      used = true
      app.stats?.used(offer, core.now)
      taskInfos.push(launch(core, next.instance, next.definition, match.grant))
    }
  }
  return taskInfos
}

function launch(core: Core, instance: Instance, definition: App, grant: Grant): TaskInfo {
  const incarnation = instance.incarnation + 1
  const taskInfo = taskInfoOf(core, definition, taskIdOf(instance.id, incarnation), grant)
  const provisioned: Instance = {
    ...instance,
    condition: "Provisioned",
    since: core.now,
    incarnation,
    placement: grant.placement,
    task: {
      id: taskInfo.taskId,
      stagedAt: core.now,
      hostPorts: grant.ports.filter((port) => port !== null),
      portsByIndex: grant.ports,
      ipAddresses: [],
      health: definition.healthChecks.map(() => null),
      ready: definition.readinessChecks.length === 0,
    },
  }
  core.link.launchTokens--
  core.setInstance(provisioned)
  const app = core.state.ensureApp(instance.appId)
  core.setDelays(app, delaysAfterProgress(app.delays, definition, core.now))
  watchUnreachable(core, provisioned)
  return taskInfo
}
