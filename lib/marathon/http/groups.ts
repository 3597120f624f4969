import {
  badTimestamp,
  parseGroup,
  parseTimestamp,
  resolvePathId,
  ROOT,
} from "#lib/marathon/model/index.ts"
import type { GroupChange, PathId, Timestamp } from "#lib/marathon/model/index.ts"
import type { Change } from "#lib/marathon/core/command.ts"
import { json, refuse } from "./answer.ts"
import type { ApiRequest, Resolve, Resource } from "./api-request.ts"
import { changeContext } from "./change-context.ts"
import { noGroup } from "./change/context.ts"
import {
  createGroup,
  enforceGroupRole,
  putGroup,
  removeGroup,
  rollBackGroup,
  scaleGroup,
} from "./change/group.ts"
import { appEncoder } from "./apps.ts"
import { groupEmbeds } from "./embed.ts"
import { encodeSteps } from "./encode/deployment.ts"
import { appsBelow, encodeGroup } from "./encode/group.ts"
import type { Tree } from "./encode/group.ts"

/** Everything below /v2/groups. Bodies of any content type are taken. */
export const resolveGroups: Resolve = (segments) => {
  const last = segments.at(-1)
  const upTo = (end: number): PathId => resolvePathId(`/${segments.slice(0, end).join("/")}`)
  if (last === "apps") return { GET: (request) => apps(request, upTo(-1)) }
  if (last === "versions") return { GET: (request) => versions(request, upTo(-1)) }
  if (last !== undefined && segments.at(-2) === "versions")
    return { GET: (request) => versionOf(request, upTo(-2), last) }
  return one(upTo(segments.length))
}

const one = (id: PathId): Resource => ({
  anyContent: true,
  GET: (request) => {
    const { view } = request
    return show(request, id, { tree: view, version: view.rootVersion })
  },
  POST: (request) => create(request, id),
  PUT: (request) => update(request, id),
  PATCH: (request) => patch(request, id),
  DELETE: (request) =>
    request.deploy({
      kind: "change",
      change: removeGroup(id),
      force: request.flag("force"),
      groupId: id,
    }),
})

function show(
  request: ApiRequest,
  id: PathId,
  { tree, version }: { readonly tree: Tree; readonly version: Timestamp },
): Response {
  const group = encodeGroup(id, {
    tree,
    version,
    embed: groupEmbeds(request.query),
    encodeApp: appEncoder(request, []),
  })
  return group === undefined ? refuse(noGroup(id).error) : json(group)
}

function apps(request: ApiRequest, id: PathId): Response {
  const { view } = request
  if (view.group(id) === undefined) return refuse(noGroup(id).error)
  return json(appsBelow(id, view).map(appEncoder(request, [])))
}

function versions({ view }: ApiRequest, id: PathId): Response {
  return view.group(id) === undefined ? refuse(noGroup(id).error) : json(view.rootVersions())
}

function versionOf(request: ApiRequest, id: PathId, text: string): Response {
  const version = parseTimestamp(text)
  if (version === undefined) return refuse({ code: "illegal", message: badTimestamp(text) })
  const { view } = request
  const tree = version === view.rootVersion ? view : view.rootAt(version)
  if (tree?.group(id) === undefined) return refuse(noGroup(id, version).error)
  return show(request, id, { tree, version })
}

async function create(request: ApiRequest, parent: PathId): Promise<Response> {
  const body = await request.json()
  if (!body.ok) return refuse(body.error)
  const parsed = parseGroup(body.value, { rules: request.rules, base: parent })
  if (!parsed.ok) return refuse(parsed.error)
  const { id, change } = parsed.value
  if (change.kind !== "content")
    return refuse({
      code: "illegal",
      message: "'scaleBy' and 'version' change a group that exists: use PUT.",
    })
  return request.deploy(
    {
      kind: "change",
      change: createGroup(change.content, changeContext(request)),
      force: request.flag("force"),
      groupId: id,
    },
    `/v2/groups${id}`,
  )
}

async function update(request: ApiRequest, path: PathId): Promise<Response> {
  const body = await request.json()
  if (!body.ok) return refuse(body.error)
  const { rules } = request
  // Without an id in the path the body's counts, and without either it is the root group.
  const named = path === ROOT && hasId(body.value) ? undefined : path
  const parsed = parseGroup(body.value, {
    rules,
    base: ROOT,
    ...(named === undefined ? {} : { id: named }),
  })
  if (!parsed.ok) return refuse(parsed.error)
  const { id } = parsed.value
  const command = {
    kind: "change",
    change: changeOf(request, id, parsed.value.change),
    force: request.flag("force"),
    groupId: id,
  } as const
  if (!request.flag("dryRun")) return request.deploy(command)
  const done = await request.run({ ...command, dryRun: true })
  if (!done.ok) return refuse(done.error)
  return json(encodeSteps(done.value.kind === "steps" ? done.value.steps : []))
}

const hasId = (body: unknown): boolean =>
  typeof body === "object" && body !== null && "id" in body && typeof body.id === "string"

function changeOf(request: ApiRequest, id: PathId, change: GroupChange): Change {
  switch (change.kind) {
    case "content":
      return putGroup(change.content, changeContext(request))
    case "scale":
      return scaleGroup(id, change.factor)
    case "rollback":
      return rollBackGroup(id, change.version)
    default:
      return change satisfies never
  }
}

async function patch(request: ApiRequest, id: PathId): Promise<Response> {
  const body = await request.json()
  if (!body.ok) return refuse(body.error)
  const parsed = parseGroup(body.value, { rules: request.rules, base: ROOT, id })
  const content =
    parsed.ok && parsed.value.change.kind === "content" ? parsed.value.change.content : undefined
  // A group that is not top-level is told so below, in the words of this endpoint.
  const wanted = content?.enforceRole ?? enforceRoleOf(body.value)
  if (wanted === undefined)
    return refuse(
      parsed.ok
        ? { code: "illegal", message: "Only enforceRole can be changed by PATCH." }
        : parsed.error,
    )
  const done = await request.run({
    kind: "change",
    change: enforceGroupRole(id, wanted),
    force: request.flag("force"),
    groupId: id,
  })
  return done.ok ? new Response(null, { status: 200 }) : refuse(done.error)
}

const enforceRoleOf = (body: unknown): boolean | undefined =>
  typeof body === "object" &&
  body !== null &&
  "enforceRole" in body &&
  typeof body.enforceRole === "boolean"
    ? body.enforceRole
    : undefined
