import { must } from "#lib/std/assert.ts"
import type { KillPolicy } from "#lib/mesos/index.ts"
import type { App } from "../model/index.ts"
import type { Core } from "./core.ts"
import type { Instance } from "./records.ts"

/**
 * Ends the task of an instance that is marked for it: now, or once fewer than `maxKillsInFlight` are
 * under way. Repeated until the task has ended. Source: marathon-api reference, section 6.5.
 */
export function requestKill(core: Core, instance: Instance): void {
  if (core.killAlarms.has(instance.id)) return
  if (core.killAlarms.size >= core.options.maxKillsInFlight) {
    core.killQueue.add(instance.id)
    return
  }
  core.killQueue.delete(instance.id)
  core.killAlarms.set(instance.id, core.now + core.options.killRetryMs)
  sendKill(core, instance)
}

/** The task has ended: makes room for the next kill. */
export function killEnded(core: Core, instanceId: string): void {
  core.killAlarms.clear(instanceId)
  core.killQueue.delete(instanceId)
  fillKills(core)
}

/** Repeats kills whose task has not ended in time. */
export function retryKills(core: Core): void {
  for (;;) {
    const id = core.killAlarms.takeDue(core.now)
    if (id === undefined) break
    const instance = core.state.instances.get(id)
    if (instance?.task?.killRequestedAt !== undefined) requestKill(core, instance)
  }
  fillKills(core)
}

/** Kills a task that belongs to no instance any more. Nothing is remembered: its next status asks again. */
export function killUnknown(core: Core, taskId: string, agentId?: string): void {
  core.call({ kind: "kill", ...toTask(taskId, agentId) })
}

function fillKills(core: Core): void {
  for (const id of core.killQueue) {
    if (core.killAlarms.size >= core.options.maxKillsInFlight) return
    core.killQueue.delete(id)
    const instance = core.state.instances.get(id)
    if (instance?.task?.killRequestedAt !== undefined) requestKill(core, instance)
  }
}

function sendKill(core: Core, instance: Instance): void {
  const task = must(instance.task, "an instance to be killed has a task")
  const killPolicy = killPolicyOf(core.state.definition(instance))
  core.call({ kind: "kill", ...toTask(task.id, instance.placement?.agentId), killPolicy })
}

type TaskName = { readonly taskId: NonNullable<Instance["task"]>["id"] } & {
  readonly agentId?: NonNullable<Instance["placement"]>["agentId"] | undefined
}

const toTask = (taskId: string, agentId: string | undefined): TaskName =>
  ({ taskId, agentId }) as TaskName

/** The time that tasks of the app get between the request to end and the force, if it says one. */
export const killPolicyOf = (app: App): KillPolicy | undefined =>
  app.taskKillGracePeriodSeconds === undefined
    ? undefined
    : { gracePeriod: { nanoseconds: app.taskKillGracePeriodSeconds * 1_000_000_000 } }
