import { encodeApp, parentOf, parseApp, ROOT } from "#lib/marathon/model/index.ts"
import type { AppPatch, Encoded, PathId } from "#lib/marathon/model/index.ts"
import { deploymentHeader, deploymentResult, json, message, refuse } from "./answer.ts"
import type { ApiRequest } from "./api-request.ts"
import { putApps, removeApp, restartApp } from "./change/app.ts"
import type { PutMode } from "./change/app.ts"
import { changeContext } from "./change-context.ts"

/** POST /v2/apps: creates an app; answers with it. */
export async function createApp(request: ApiRequest): Promise<Response> {
  const body = await request.json()
  if (!body.ok) return refuse(body.error)
  const { view, rules } = request
  const patch = parseApp(body.value, { rules, base: ROOT })
  if (!patch.ok) return refuse(patch.error)
  const { id } = patch.value
  const done = await request.run({
    kind: "change",
    change: putApps([patch.value], { ...changeContext(request), mode: "create", partial: false }),
    force: request.flag("force"),
    groupId: parentOf(id),
  })
  if (!done.ok) return refuse(done.error)
  if (done.value.kind !== "deployment") return message("no deployment came of it", 500)
  const app = view.appAt(id, done.value.version) ?? view.app(id)
  const definition = app === undefined ? { id } : encodeApp(app)
  postEvent(request, definition)
  return json(
    {
      ...definition,
      versionInfo: undefined,
      tasksStaged: 0,
      tasksRunning: 0,
      tasksHealthy: 0,
      tasksUnhealthy: 0,
      deployments: [{ id: done.value.deploymentId }],
    },
    { status: 201, headers: { ...deploymentHeader(done.value), Location: locationOf(id) } },
  )
}

/** Where an app can be read. */
export const locationOf = (id: PathId): string => `/v2/apps${id}`

const postEvent = (request: ApiRequest, appDefinition: Encoded): void =>
  request.publish("api_post_event", {
    clientIp: request.clientAddress,
    uri: request.path,
    appDefinition,
  })

/** PUT and PATCH /v2/apps/{id}. */
export async function putOne(request: ApiRequest, id: PathId, mode: PutMode): Promise<Response> {
  const body = await request.json()
  if (!body.ok) return refuse(body.error)
  const { view, rules } = request
  const partial = mode === "update" || request.flag("partialUpdate", true)
  const patch = parseApp(body.value, { rules, base: ROOT, id, update: partial })
  if (!patch.ok) return refuse(patch.error)
  const isNew = view.app(id) === undefined
  return put(request, [patch.value], {
    mode,
    partial,
    groupId: parentOf(id),
    location: isNew ? locationOf(id) : undefined,
  })
}

/** PUT and PATCH /v2/apps: several apps in one deployment. */
export async function putAll(request: ApiRequest, mode: PutMode): Promise<Response> {
  const body = await request.json()
  if (!body.ok) return refuse(body.error)
  if (!Array.isArray(body.value))
    return refuse({
      code: "badTypes",
      details: [{ path: "/", errors: ["error.expected.jsarray"] }],
    })
  const partial = mode === "update" || request.flag("partialUpdate", true)
  const patches: AppPatch[] = []
  for (const [i, item] of body.value.entries()) {
    const patch = parseApp(item, {
      rules: request.rules,
      base: ROOT,
      path: `(${i})`,
      update: partial,
    })
    if (!patch.ok) return refuse(patch.error)
    patches.push(patch.value)
  }
  return put(request, patches, { mode, partial, groupId: ROOT })
}

type Put = {
  readonly mode: PutMode
  readonly partial: boolean
  readonly groupId: PathId
  readonly location?: string | undefined
}

async function put(
  request: ApiRequest,
  patches: readonly AppPatch[],
  { mode, partial, groupId, location }: Put,
): Promise<Response> {
  const done = await request.run({
    kind: "change",
    change: putApps(patches, { ...changeContext(request), mode, partial }),
    force: request.flag("force"),
    groupId,
  })
  if (!done.ok) return refuse(done.error)
  if (done.value.kind !== "deployment") return message("no deployment came of it", 500)
  for (const { id } of patches) {
    const app = request.view.app(id)
    if (app !== undefined) postEvent(request, encodeApp(app))
  }
  return deploymentResult(done.value, location)
}

/** DELETE /v2/apps/{id}; forced unless told otherwise. */
export const remove = (request: ApiRequest, id: PathId): Promise<Response> =>
  request.deploy({
    kind: "change",
    change: removeApp(id),
    force: request.flag("force", true),
    groupId: parentOf(id),
  })

/** POST /v2/apps/{id}/restart. */
export const restart = (request: ApiRequest, id: PathId): Promise<Response> =>
  request.deploy({
    kind: "change",
    change: restartApp(id),
    force: request.flag("force"),
    groupId: parentOf(id),
  })
