import { isAgentRun } from "../model/index.ts"
import type { TaskStatus } from "#lib/mesos/index.ts"
import type { Core } from "./core.ts"
import type { HealthResult, Instance, Millis } from "./records.ts"

/** A health result after a success. */
export const afterSuccess = (old: HealthResult | null, now: Millis): HealthResult => ({
  ...old,
  alive: true,
  consecutiveFailures: 0,
  firstSuccess: old?.firstSuccess ?? now,
  lastSuccess: now,
})

/** A health result after a failure that counts. */
export const afterFailure = (
  old: HealthResult | null,
  now: Millis,
  cause: string,
): HealthResult => ({
  ...old,
  alive: false,
  consecutiveFailures: (old?.consecutiveFailures ?? 0) + 1,
  lastFailure: now,
  lastFailureCause: cause,
})

/** The instance with a new result of one of its checks. */
export function withResult(instance: Instance, index: number, result: HealthResult): Instance {
  const { task } = instance
  if (task === undefined) return instance
  const health = task.health.map((old, position) => (position === index ? result : old))
  return { ...instance, task: { ...task, health } }
}

/** Tells of a check that changed its mind, or has an opinion for the first time. */
export function publishAlive(core: Core, instance: Instance, alive: boolean): void {
  core.publish("health_status_changed_event", {
    appId: instance.appId,
    instanceId: instance.id,
    version: instance.version,
    alive,
  })
}

/** Takes over what the agent says of the health check that it runs itself. */
export function noteAgentHealth(core: Core, instance: Instance, status: TaskStatus): Instance {
  if (status.healthy === undefined || status.state !== "TASK_RUNNING") return instance
  const checks = core.state.definition(instance).healthChecks
  const index = checks.findIndex(isAgentRun)
  if (index < 0) return instance
  const old = instance.task?.health[index] ?? null
  const result = status.healthy
    ? afterSuccess(old, core.now)
    : afterFailure(old, core.now, status.message ?? "")
  if (old?.alive !== result.alive) publishAlive(core, instance, result.alive)
  return withResult(instance, index, result)
}
