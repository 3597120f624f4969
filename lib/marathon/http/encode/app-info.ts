import type { MarathonView } from "#lib/marathon/core/view.ts"
import { encodeApp, formatTimestamp } from "#lib/marathon/model/index.ts"
import type { App, Encoded, PathId } from "#lib/marathon/model/index.ts"
import { taskCounts } from "./task-counts.ts"
import { encodeTask, withTasks } from "./task.ts"
import { taskStats } from "./task-stats.ts"

/** What is shown of an app beside its definition. */
export type AppEmbed =
  | "tasks"
  | "counts"
  | "deployments"
  | "readiness"
  | "lastTaskFailure"
  | "taskStats"

/** An app with what is embedded. `now` is in milliseconds. */
export function encodeAppInfo(
  app: App,
  embed: ReadonlySet<AppEmbed>,
  { view, now }: { readonly view: MarathonView; readonly now: number },
): Encoded {
  return { ...encodeApp(app), ...embedded(app, embed, { view, now }) }
}

/** Definitions as JSON without the last brace. An app that changes is another value. */
const definitions = new WeakMap<App, string>()

/** The JSON text of `encodeAppInfo`, for long lists: what was written of a definition before is kept. */
export function appInfoText(
  app: App,
  embed: ReadonlySet<AppEmbed>,
  state: { readonly view: MarathonView; readonly now: number },
): string {
  let definition = definitions.get(app)
  if (definition === undefined) {
    definition = JSON.stringify(encodeApp(app)).slice(0, -1)
    definitions.set(app, definition)
  }
  const rest = JSON.stringify(embedded(app, embed, state))
  return rest === "{}" ? `${definition}}` : `${definition},${rest.slice(1)}`
}

function embedded(
  app: App,
  embed: ReadonlySet<AppEmbed>,
  { view, now }: { readonly view: MarathonView; readonly now: number },
): Encoded {
  const instances = view.instances(app.id)
  return {
    ...(embed.has("counts") ? taskCounts(instances, view) : {}),
    ...(embed.has("tasks") ? { tasks: withTasks(instances).map(encodeTask) } : {}),
    ...(embed.has("deployments")
      ? { deployments: view.deploymentsOf(app.id).map((id) => ({ id })) }
      : {}),
    ...(embed.has("readiness") ? { readinessCheckResults: view.readiness(app.id) } : {}),
    ...(embed.has("lastTaskFailure") ? { lastTaskFailure: lastTaskFailure(app.id, view) } : {}),
    ...(embed.has("taskStats") ? { taskStats: taskStats(app, instances, { view, now }) } : {}),
  }
}

function lastTaskFailure(id: PathId, view: MarathonView): Encoded | undefined {
  const failure = view.lastTaskFailure(id)
  if (failure === undefined) return undefined
  const { agentId, timestamp, ...members } = failure
  return { ...members, slaveId: agentId, timestamp: formatTimestamp(timestamp) }
}
