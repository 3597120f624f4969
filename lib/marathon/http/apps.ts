import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"
import {
  badTimestamp,
  encodeApp,
  parseLabelSelector,
  parseTimestamp,
  resolvePathId,
} from "#lib/marathon/model/index.ts"
import type { App, Encoded, PathId, Rejection } from "#lib/marathon/model/index.ts"
import { json, jsonText, refuse } from "./answer.ts"
import type { ApiRequest, Resolve, Resource } from "./api-request.ts"
import { noApp, noGroup } from "./change/context.ts"
import { appTask, appTasks } from "./app-tasks.ts"
import { createApp, putAll, putOne, remove, restart } from "./apps-write.ts"
import { appEmbeds } from "./embed.ts"
import { appInfoText, encodeAppInfo } from "./encode/app-info.ts"
import type { AppEmbed } from "./encode/app-info.ts"
import { appsBelow } from "./encode/group.ts"

/** Everything below /v2/apps. */
export const resolveApps: Resolve = (segments) => {
  const last = segments.at(-1)
  const before = segments.at(-2)
  const upTo = (end: number): PathId => resolvePathId(`/${segments.slice(0, end).join("/")}`)
  if (last === undefined) return collection
  if (last === "*") return { GET: (request) => listBelow(request, upTo(-1)) }
  if (last === "tasks") return appTasks(segments.slice(0, -1))
  if (segments.length === 1) return one(upTo(1))
  if (last === "restart") return { POST: (request) => restart(request, upTo(-1)) }
  if (last === "versions") return { GET: (request) => versions(request, upTo(-1)) }
  if (before === "versions" && segments.length > 2)
    return { GET: (request) => versionOf(request, upTo(-2), last) }
  if (before === "tasks" && segments.length > 2) return appTask(upTo(-2), last)
  return one(upTo(segments.length))
}

const collection: Resource = {
  GET: listAll,
  POST: createApp,
  PUT: (request) => putAll(request, "upsert"),
  PATCH: (request) => putAll(request, "update"),
}

const one = (id: PathId): Resource => ({
  GET: (request) => show(request, id),
  PUT: (request) => putOne(request, id, "upsert"),
  PATCH: (request) => putOne(request, id, "update"),
  DELETE: (request) => remove(request, id),
})

/** What encodes apps as a request wants to see them. */
export function appEncoder(
  { ports, view, query }: ApiRequest,
  always: readonly AppEmbed[],
): (app: App) => Encoded {
  const embeds = appEmbeds(query, always)
  const now = ports.clock.now()
  return (app) => encodeAppInfo(app, embeds, { view, now })
}

function listAll(request: ApiRequest): Response {
  const matches = filterOf(request)
  if (!matches.ok) return refuse(matches.error)
  const { ports, view, query } = request
  const embeds = appEmbeds(query, ["counts", "deployments"])
  const now = ports.clock.now()
  const apps = [...view.apps()].filter(matches.value)
  return jsonText(`{"apps":[${apps.map((app) => appInfoText(app, embeds, { view, now })).join()}]}`)
}

function filterOf({ query }: ApiRequest): Result<(app: App) => boolean, Rejection> {
  const wanted = (name: string): string => (query.get(name) ?? "").toLowerCase()
  const [id, cmd, label] = [wanted("id"), wanted("cmd"), query.get("label")]
  const selector = label === null || label === "" ? undefined : parseLabelSelector(label)
  if (selector?.ok === false) return err({ code: "illegal", message: selector.error })
  return ok(
    (app) =>
      app.id.includes(id) &&
      (cmd === "" || (app.cmd ?? "").toLowerCase().includes(cmd)) &&
      (selector === undefined || selector.value(app.labels)),
  )
}

function listBelow(request: ApiRequest, group: PathId): Response {
  const { view } = request
  if (view.group(group) === undefined) return refuse(noGroup(group).error)
  const apps = appsBelow(group, view)
  return json({ "*": apps.map(appEncoder(request, ["counts", "deployments"])) })
}

function show(request: ApiRequest, id: PathId): Response {
  const app = request.view.app(id)
  if (app === undefined) return refuse(noApp(id).error)
  const always = ["counts", "tasks", "lastTaskFailure", "deployments"] as const
  return json({ app: appEncoder(request, always)(app) })
}

function versions({ view }: ApiRequest, id: PathId): Response {
  if (view.app(id) === undefined) return refuse(noApp(id).error)
  return json({ versions: view.appVersions(id) })
}

function versionOf({ view }: ApiRequest, id: PathId, text: string): Response {
  const version = parseTimestamp(text)
  if (version === undefined) return refuse({ code: "illegal", message: badTimestamp(text) })
  const app = view.appAt(id, version)
  return app === undefined ? refuse(noApp(id, version).error) : json(encodeApp(app))
}
