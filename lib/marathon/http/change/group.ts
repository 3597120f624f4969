import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"
import type { Change, RootChange, RootView } from "#lib/marathon/core/command.ts"
import { buildApp, isBelow, parentOf, ROOT } from "#lib/marathon/model/index.ts"
import type { AppSpec, GroupContent, PathId, Rejection } from "#lib/marathon/model/index.ts"
import { addTopGroup, enforcesRole, invalidAt, noGroup } from "./context.ts"
import type { ChangeContext } from "./context.ts"
import { emptyDraft, sameIdProblem } from "./same-id.ts"
import type { Draft } from "./same-id.ts"

/** Gives a group the content of a body; what the body does not speak of stays. */
export const putGroup =
  (content: GroupContent, context: ChangeContext): Change =>
  (root) => {
    const draft = emptyDraft()
    const problem = placeContent(content, root, { ...context, draft })
    if (problem !== undefined) return err(problem)
    return rolePermitted(content, root, draft) ?? placed(root, draft)
  }

/** Creates a group with the content of a body; refused when the id is taken. */
export const createGroup =
  (content: GroupContent, context: ChangeContext): Change =>
  (root) => {
    const { id } = content
    if (root.app(id) !== undefined)
      return err<Rejection>({
        code: "conflict",
        message: `An app with the path ${id} already exists.`,
      })
    if (root.group(id) !== undefined)
      return err<Rejection>({
        code: "conflict",
        message: `Group ${id} is already created. Use PUT to change this group.`,
      })
    return putGroup(content, context)(root)
  }

function placed(root: RootView, draft: Draft): Result<RootChange, Rejection> {
  const problem = sameIdProblem(root, draft)
  return problem === undefined ? ok(draft) : invalidAt("", problem)
}

type PlaceContext = ChangeContext & { readonly draft: Draft; readonly enforceRole?: boolean }

// Returns what is wrong, if anything is.
function placeContent(
  content: GroupContent,
  root: RootView,
  context: PlaceContext,
): Rejection | undefined {
  const { id } = content
  const { draft } = context
  const existing = root.group(id)
  const isTop = id !== ROOT && parentOf(id) === ROOT
  const enforceRole = isTop
    ? (content.enforceRole ?? existing?.enforceRole ?? context.newGroupsEnforceRole)
    : undefined
  addTopGroup(id, root, draft, context)
  draft.groups.set(id, {
    id,
    dependencies: content.dependencies ?? existing?.dependencies ?? [],
    ...(enforceRole === undefined ? {} : { enforceRole }),
  })
  const inner: PlaceContext = {
    ...context,
    enforceRole: context.enforceRole ?? enforceRole ?? enforcesRole(id, root, context),
  }
  return placeApps(content, root, inner) ?? placeGroups(content, root, inner)
}

function placeApps(
  { id, apps }: GroupContent,
  root: RootView,
  context: PlaceContext,
): Rejection | undefined {
  if (apps === undefined) return undefined
  for (const app of root.apps()) if (parentOf(app.id) === id) context.draft.apps.set(app.id, null)
  for (const patch of apps) {
    const spec = buildApp(patch, {
      rules: context.rules,
      force: context.force,
      current: root.app(patch.id),
      partial: false,
      // Apps directly in the root group belong to no top-level group.
      enforceRole: id !== ROOT && (context.enforceRole ?? false),
    })
    if (!spec.ok) return spec.error
    context.draft.apps.set(patch.id, spec.value)
  }
  return undefined
}

function placeGroups(
  { id, groups }: GroupContent,
  root: RootView,
  context: PlaceContext,
): Rejection | undefined {
  if (groups === undefined) return undefined
  const kept = new Set(groups.map((group) => group.id))
  for (const group of root.groups())
    if (group.id !== ROOT && parentOf(group.id) === id && !kept.has(group.id))
      removeBelow(group.id, root, context.draft)
  const { enforceRole: _above, ...atTop } = context
  for (const group of groups) {
    // Below the root each child is a top-level group with a rule of its own.
    const problem = placeContent(group, root, id === ROOT ? atTop : context)
    if (problem !== undefined) return problem
  }
  return undefined
}

function removeBelow(id: PathId, root: RootView, draft: Draft): void {
  for (const app of root.apps()) if (isBelow(app.id, id)) draft.apps.set(app.id, null)
  for (const group of root.groups())
    if (group.id !== ROOT && (group.id === id || isBelow(group.id, id)))
      draft.groups.set(group.id, null)
}

// The rule for new apps and the apps themselves change one after the other, so that nobody wonders
// which rule an app was made under.
function rolePermitted(
  content: GroupContent,
  root: RootView,
  draft: Draft,
): { ok: false; error: Rejection } | undefined {
  const existing = root.group(content.id)
  const changed =
    existing !== undefined &&
    content.enforceRole !== undefined &&
    content.enforceRole !== (existing.enforceRole ?? false)
  if (changed && draft.apps.size > 0)
    return invalidAt(
      `${content.path}/enforceRole`,
      "enforceRole cannot be modified in a request that adds, removes or modifies services; please make these changes in separate requests.",
    )
  for (const group of content.groups ?? []) {
    const refused = rolePermitted(group, root, draft)
    if (refused !== undefined) return refused
  }
  return undefined
}

/** Multiplies the instances of all apps below a group, rounding up. */
export const scaleGroup =
  (id: PathId, factor: number): Change =>
  (root) => {
    if (root.group(id) === undefined) return noGroup(id)
    const apps = new Map<PathId, AppSpec>()
    for (const app of root.apps())
      if (isBelow(app.id, id))
        apps.set(app.id, { ...app, instances: scaled(app.instances, factor) })
    return ok({ apps })
  }

// The product of decimals such as 10 * 1.1 is a hair above the whole number it stands for.
const scaled = (instances: number, factor: number): number =>
  Math.ceil(Number((instances * factor).toPrecision(12)))

/** Gives a group the content that it had in a stored version of the root group. */
export const rollBackGroup =
  (id: PathId, version: GroupVersion): Change =>
  (root) => {
    const tree = root.rootAt(version)
    const was = tree?.group(id)
    if (tree === undefined || was === undefined)
      return err<Rejection>({
        code: "illegal",
        message: `Group ${id} not available in version ${version}`,
      })
    const draft = emptyDraft()
    if (id === ROOT) removeAll(root, draft)
    else removeBelow(id, root, draft)
    for (const group of tree.groups())
      if (group.id === id || isBelow(group.id, id)) draft.groups.set(group.id, group)
    for (const app of tree.apps()) if (isBelow(app.id, id)) draft.apps.set(app.id, app)
    return placed(root, draft)
  }

type GroupVersion = Parameters<RootView["rootAt"]>[0]

function removeAll(root: RootView, draft: Draft): void {
  for (const app of root.apps()) draft.apps.set(app.id, null)
  for (const group of root.groups()) if (group.id !== ROOT) draft.groups.set(group.id, null)
}

/** Removes a group with all that is below it; the root group is only emptied. */
export const removeGroup =
  (id: PathId): Change =>
  (root) => {
    if (root.group(id) === undefined) return noGroup(id)
    const draft = emptyDraft()
    if (id === ROOT) removeAll(root, draft)
    else removeBelow(id, root, draft)
    return ok(draft)
  }

/** Switches whether a top-level group enforces its own role on what is created in it. */
export const enforceGroupRole =
  (id: PathId, enforceRole: boolean): Change =>
  (root): Result<RootChange, Rejection> => {
    if (id === ROOT || parentOf(id) !== ROOT)
      return err({ code: "illegal", message: "Path needs to be top-level" })
    const group = root.group(id)
    if (group === undefined) return noGroup(id)
    return ok({ groups: new Map([[id, { ...group, enforceRole }]]) })
  }
