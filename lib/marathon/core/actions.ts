import { must } from "#lib/std/assert.ts"
import type { App } from "../model/index.ts"
import type { Core } from "./core.ts"
import { isServing } from "./health-state.ts"
import { decommission, schedule } from "./instances.ts"
import type { Action, Deployment, Instance } from "./records.ts"
import { nextReplacementMove } from "./rolling.ts"
import { activeInstances, scaleTo } from "./scale.ts"
import { chooseVictims } from "./victims.ts"

/**
 * Does what an action of the running step still lacks and says whether it is done. Asked again after
 * any change of the app's instances, it answers from what is there, so it may stop and resume anywhere.
 */
export function advanceAction(core: Core, deployment: Deployment, action: Action): boolean {
  switch (action.action) {
    case "StartApplication":
      return true
    case "ScaleApplication":
      return advanceScale(core, deployment, currentOf(core, action))
    case "RestartApplication":
      return advanceRestart(core, currentOf(core, action))
    case "StopApplication":
      return advanceStop(core, action)
    default:
      return action.action satisfies never
  }
}

const currentOf = (core: Core, action: Action): App =>
  must(core.state.apps.get(action.app)?.current, `app ${action.app} is in the root group`)

const instancesOf = (core: Core, action: { readonly id: App["id"] }): readonly Instance[] => [
  ...(core.state.apps.get(action.id)?.instances.values() ?? []),
]

/** Whether a deployment may count on the instance: healthy, and ready where that is checked. */
export const isServingAndReady = (instance: Instance): boolean =>
  isServing(instance) && instance.task?.ready === true

// Scaling down waits for the ends only; scaling up also for health and readiness.
function advanceScale(core: Core, deployment: Deployment, app: App): boolean {
  const counts = countInstances(core.state.apps.get(app.id)?.instances.values() ?? [])
  if (counts.active !== app.instances) {
    scaleTo(core, app)
    return false
  }
  if (counts.ending > 0) return false
  const before = deployment.undo.apps[app.id]?.instances ?? 0
  if (before > app.instances && counts.scheduled === 0) return true
  return counts.serving === counts.active
}

type Counts = { active: number; ending: number; scheduled: number; serving: number }

// One pass, as it runs for each status of each instance of the app.
function countInstances(instances: Iterable<Instance>): Counts {
  const counts = { active: 0, ending: 0, scheduled: 0, serving: 0 }
  for (const instance of instances) {
    if (instance.goal === "Decommissioned") counts.ending++
    else if (instance.condition !== "UnreachableInactive") {
      counts.active++
      if (instance.condition === "Scheduled") counts.scheduled++
      else if (isServingAndReady(instance)) counts.serving++
    }
  }
  return counts
}

function advanceStop(core: Core, action: Action): boolean {
  const app = core.state.apps.get(action.app)
  if (app === undefined) return true
  for (const instance of app.instances.values()) decommission(core, instance)
  if (app.instances.size > 0) return false
  core.publish("app_terminated_event", { appId: action.app })
  if (app.current === undefined) core.forgetApp(app)
  return true
}

function advanceRestart(core: Core, app: App): boolean {
  const isOld = (instance: Instance): boolean => !core.state.hasConfigOf(instance, app)
  for (const instance of instancesOf(core, app))
    if (isOld(instance) && instance.condition === "Scheduled") decommission(core, instance)
  const instances = instancesOf(core, app)
  const old = instances.filter(isOld)
  const oldRunning = old.filter((instance) => instance.goal === "Running")
  const started = activeInstances(instances.filter((instance) => !isOld(instance)))
  if (started.length > app.instances) {
    for (const surplus of chooseVictims(app, started, started.length - app.instances))
      decommission(core, surplus)
    return false
  }
  const startedHealthy = started.filter(isServingAndReady)
  const done = started.length === app.instances && startedHealthy.length === started.length
  if (done && old.length === 0) return instances.every((instance) => instance.goal === "Running")
  const move = nextReplacementMove({
    target: app.instances,
    ...app.upgradeStrategy,
    started: started.length,
    startedHealthy: startedHealthy.length,
    oldActive: old.length,
    oldRunning: oldRunning.length,
    oldHealthy: oldRunning.filter(isServing).length,
  })
  const worstFirst = [...oldRunning].sort((a, b) => Number(isServing(a)) - Number(isServing(b)))
  for (const instance of worstFirst.slice(0, move.kill)) decommission(core, instance)
  if (move.killOneUnhealthy) {
    const dead = worstFirst.find((one) => one.condition !== "Running" || isKnownDead(one))
    if (dead !== undefined) decommission(core, dead)
  }
  for (let count = 0; count < move.start; count++) schedule(core, app)
  return false
}

const isKnownDead = (instance: Instance): boolean =>
  instance.task?.health.some((result) => result?.alive === false) === true
