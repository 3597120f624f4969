import type { Core } from "./core.ts"
import type { Action } from "./records.ts"

/** Tells of the health checks that an action begins or ends. */
export function publishHealthChecks(core: Core, action: Action): void {
  const app = core.state.apps.get(action.app)?.current
  switch (action.action) {
    case "StopApplication":
      return core.publish("remove_health_check_event", { appId: action.app })
    case "StartApplication":
    case "RestartApplication":
      for (const healthCheck of app?.healthChecks ?? [])
        core.publish("add_health_check_event", {
          appId: action.app,
          version: app?.version,
          healthCheck,
        })
      return
    case "ScaleApplication":
      return
    default:
      return action.action satisfies never
  }
}
