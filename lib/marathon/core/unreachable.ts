import type { Core } from "./core.ts"
import { isOutOfReach, killTask } from "./instances.ts"
import type { Instance, Millis } from "./records.ts"

/**
 * Does what is due for an instance in its condition and arms the alarm for what comes next: gives up
 * unreachable ones as their app says, and launches that hang. Source: sections 6.4 and 6.5.
 */
export function watchUnreachable(core: Core, instance: Instance): void {
  if (isOutOfReach(instance.condition)) return watchReturn(core, instance)
  const limit = launchLimit(core, instance)
  if (limit === undefined) return core.instanceAlarms.clear(instance.id)
  if (core.now < limit) return core.instanceAlarms.set(instance.id, limit)
  core.instanceAlarms.clear(instance.id)
  core.log("warn", "a task did not come up in time and is killed", { instance: instance.id })
  killTask(core, instance)
}

/** Looks at every instance whose alarm went off. */
export function takeInstanceAlarms(core: Core): void {
  for (;;) {
    const id = core.instanceAlarms.takeDue(core.now)
    if (id === undefined) return
    const instance = core.state.instances.get(id)
    if (instance !== undefined) watchUnreachable(core, instance)
  }
}

function launchLimit(core: Core, instance: Instance): Millis | undefined {
  const { task } = instance
  if (task === undefined || task.killRequestedAt !== undefined) return undefined
  if (instance.condition === "Provisioned")
    return task.stagedAt + core.options.taskLaunchConfirmTimeoutMs
  if (instance.condition === "Staging" || instance.condition === "Starting")
    return task.stagedAt + core.options.taskLaunchTimeoutMs
  return undefined
}

function watchReturn(core: Core, instance: Instance): void {
  const strategy = core.state.definition(instance).unreachableStrategy
  if (instance.goal === "Decommissioned") return core.removeInstance(instance)
  if (strategy === "disabled") return core.instanceAlarms.clear(instance.id)
  const since = instance.task?.unreachableAt ?? instance.since
  const inactiveAt = since + strategy.inactiveAfterSeconds * 1000
  const expungeAt = since + strategy.expungeAfterSeconds * 1000
  if (core.now >= expungeAt) {
    core.publishCondition({ ...instance, condition: "UnreachableInactive" })
    return core.removeInstance(instance)
  }
  if (core.now >= inactiveAt && instance.condition === "Unreachable")
    core.setInstance({ ...instance, condition: "UnreachableInactive", since: core.now })
  core.instanceAlarms.set(instance.id, core.now >= inactiveAt ? expungeAt : inactiveAt)
}
