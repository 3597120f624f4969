import { must } from "#lib/std/assert.ts"
import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"
import type { PathId } from "../model/index.ts"
import { advanceAction } from "./actions.ts"
import type { Refusal } from "./command.ts"
import type { Core } from "./core.ts"
import { publishHealthChecks } from "./health-events.ts"
import { watchReadiness } from "./readiness.ts"
import type { Deployment, Step } from "./records.ts"
import { applyChange } from "./root-change.ts"
import type { PreparedChange } from "./root-change.ts"

/** Ids of the apps that a deployment changes: those it locks, in the order of its steps. */
export const affectedApps = (deployment: Deployment): readonly PathId[] => [
  ...new Set(deployment.steps.flatMap((step) => step.actions.map((action) => action.app))),
]

/** Refuses when running deployments hold an app of the steps, unless forced, or when there are too many. */
export function checkLocks(
  core: Core,
  steps: readonly Step[],
  force: boolean,
): Result<readonly Deployment[], Refusal> {
  const { deployments, locks } = core.state
  const holders = new Set<string>()
  for (const { actions } of steps)
    for (const { app } of actions) {
      const holder = locks.get(app)
      if (holder !== undefined) holders.add(holder)
    }
  if (holders.size > 0 && !force) return err({ code: "locked", deploymentIds: [...holders] })
  const limit = core.options.maxRunningDeployments
  if (deployments.size - holders.size >= limit) return err({ code: "tooManyDeployments", limit })
  return ok([...holders].map((id) => must(deployments.get(id), "a lock's holder is running")))
}

/** Applies a change that passed `checkLocks` and starts its deployment, ending those it supersedes. */
export function startDeployment(
  core: Core,
  prepared: PreparedChange,
  options: { readonly superseded: readonly Deployment[]; readonly groupId: PathId },
): Deployment {
  for (const old of options.superseded) failDeployment(core, old, CANCELLED)
  applyChange(core, prepared)
  const deployment: Deployment = {
    id: core.random.uuid(),
    version: prepared.version,
    steps: prepared.steps,
    step: 0,
    startedAt: core.now,
    undo: prepared.undo,
  }
  core.publish("group_change_success", { groupId: options.groupId, version: prepared.version })
  core.setDeployment(deployment)
  for (const app of affectedApps(deployment)) core.state.locks.set(app, deployment.id)
  beginStep(core, deployment)
  return deployment
}

/** The reason that a cancelled or superseded deployment gives. */
export const CANCELLED = "The upgrade has been cancelled"

/** Stops a deployment where it is; nothing is undone. */
export function failDeployment(core: Core, deployment: Deployment, reason: string): void {
  core.removeDeployment(deployment)
  core.publish("deployment_failed", { id: deployment.id, plan: planOf(deployment), reason })
}

/** Moves the deployment that holds the app as far as it can go now. True when something moved. */
export function advanceDeployment(core: Core, deploymentId: string, app: PathId): boolean {
  const deployment = must(core.state.deployments.get(deploymentId), "a lock's holder is running")
  const step = deployment.steps[deployment.step]
  const action = step?.actions.find((one) => one.app === app)
  if (step === undefined || action === undefined) return false
  if (!advanceAction(core, deployment, action)) return false
  const pending = pendingOf(core, deployment)
  pending.delete(app)
  if (pending.size > 0) return false
  core.publish("deployment_step_success", stepEvent(deployment, step))
  const next = { ...deployment, step: deployment.step + 1 }
  core.setDeployment(next)
  beginStep(core, next)
  return true
}

// An action that was done once stays so. After a restart of the process each is asked again.
function pendingOf(core: Core, deployment: Deployment): Set<PathId> {
  let pending = core.pendingActions.get(deployment.id)
  if (pending?.step !== deployment.step) {
    const actions = deployment.steps[deployment.step]?.actions ?? []
    pending = { step: deployment.step, apps: new Set(actions.map((action) => action.app)) }
    core.pendingActions.set(deployment.id, pending)
  }
  return pending.apps
}

function beginStep(core: Core, deployment: Deployment): void {
  const step = deployment.steps[deployment.step]
  if (step === undefined) {
    core.removeDeployment(deployment)
    core.publish("deployment_success", { id: deployment.id, plan: planOf(deployment) })
    return
  }
  core.publish("deployment_info", stepEvent(deployment, step))
  for (const action of step.actions) {
    publishHealthChecks(core, action)
    core.dirty.add(action.app)
    for (const instance of core.state.apps.get(action.app)?.instances.values() ?? [])
      watchReadiness(core, instance)
  }
}

/** A plan as events show it. Source: marathon-api reference, section 8. */
const planOf = (deployment: Deployment): Readonly<Record<string, unknown>> => ({
  id: deployment.id,
  version: deployment.version,
  steps: deployment.steps,
})

const stepEvent = (deployment: Deployment, step: Step): Readonly<Record<string, unknown>> => ({
  plan: planOf(deployment),
  currentStep: step,
})
