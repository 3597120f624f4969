import type { App } from "../model/index.ts"
import type { Core } from "./core.ts"
import { decommission, schedule } from "./instances.ts"
import type { Instance } from "./records.ts"
import { chooseVictims } from "./victims.ts"

/** The instances that count as capacity: those to run that are not given up as unreachable. */
export const activeInstances = (instances: Iterable<Instance>): readonly Instance[] =>
  [...instances].filter(
    (instance) => instance.goal === "Running" && instance.condition !== "UnreachableInactive",
  )

/** Schedules what is missing of an app, or ends what is too much. Idempotent. */
export function scaleTo(core: Core, app: App): void {
  const instances = core.state.apps.get(app.id)?.instances.values() ?? []
  const active = activeInstances(instances)
  for (let missing = app.instances - active.length; missing > 0; missing--) schedule(core, app)
  if (active.length > app.instances)
    for (const victim of chooseVictims(app, active, active.length - app.instances))
      decommission(core, victim)
}

/** Brings an app that no deployment holds to what its definition says; ends what is left of none. */
export function checkScale(core: Core, id: App["id"]): void {
  const app = core.state.apps.get(id)
  if (app === undefined) return
  if (app.current !== undefined) return scaleTo(core, app.current)
  for (const instance of app.instances.values()) decommission(core, instance)
  if (app.instances.size === 0) core.forgetApp(app)
}
