import type { App } from "../model/index.ts"
import type { Core } from "./core.ts"
import { instanceIdOf } from "./instance-id.ts"
import { LaunchStats } from "./launch-stats.ts"
import { requestKill } from "./kill.ts"
import type { Condition, Instance } from "./records.ts"

/** Adds an instance of the definition that waits for an offer. */
export function schedule(core: Core, app: App): void {
  core.setInstance({
    id: instanceIdOf(app.id, core.uuids.next(core.now)),
    appId: app.id,
    version: app.version,
    role: app.role,
    goal: "Running",
    condition: "Scheduled",
    since: core.now,
    createdAt: core.now,
    incarnation: 0,
  })
  startedWaiting(core, app.id, app.role)
}

/** Lets an instance whose task has ended wait for an offer again, under the same id. */
export function reschedule(core: Core, instance: Instance): void {
  core.setInstance({
    ...instance,
    condition: "Scheduled",
    since: core.now,
    placement: undefined,
    task: undefined,
  })
  core.instanceAlarms.clear(instance.id)
  startedWaiting(core, instance.appId, instance.role)
}

/** Ends an instance for good: at once when it has no task that could hear of it. */
export function decommission(core: Core, instance: Instance): void {
  const { task } = instance
  if (task === undefined || isOutOfReach(instance.condition)) return core.removeInstance(instance)
  if (instance.goal === "Decommissioned") return
  const ending: Instance = {
    ...instance,
    goal: "Decommissioned",
    task: { ...task, killRequestedAt: task.killRequestedAt ?? core.now },
  }
  core.setInstance(ending)
  requestKill(core, ending)
}

/**
 * Ends the task of an instance that is to run on: it will be launched again under the same id. One
 * that is out of reach is given up, and replaced.
 */
export function killTask(core: Core, instance: Instance): void {
  const { task } = instance
  if (isOutOfReach(instance.condition)) return decommission(core, instance)
  if (task === undefined || task.killRequestedAt !== undefined) return
  const ending: Instance = { ...instance, task: { ...task, killRequestedAt: core.now } }
  core.setInstance(ending)
  requestKill(core, ending)
}

/** Whether the task cannot hear of a kill: if it comes back it is unknown by then, and killed. */
export const isOutOfReach = (condition: Condition): boolean =>
  condition === "Unreachable" || condition === "UnreachableInactive"

function startedWaiting(core: Core, id: App["id"], role: string): void {
  const app = core.state.ensureApp(id)
  app.stats ??= new LaunchStats(core.now)
  core.link.reviveWanted.add(role)
}
