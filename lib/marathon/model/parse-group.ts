import { ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"
import { patchOf, badTimestamp, readApp } from "./parse-app.ts"
import type { AppInput } from "./app-input.ts"
import type { GroupChange, GroupContent } from "./group.ts"
import { parseDependencies, parseId } from "./parse-id.ts"
import { parentOf, ROOT } from "./path-id.ts"
import type { PathId } from "./path-id.ts"
import { flag, list, number, object, optional, Problems, text } from "./reader.ts"
import type { Read } from "./reader.ts"
import type { Rejection } from "./rejection.ts"
import type { ModelRules } from "./rules.ts"
import { parseTimestamp } from "./timestamp.ts"

/** How a group object of a body is to be read. */
export type ParseGroupOptions = {
  readonly rules: ModelRules
  /** What a relative id is relative to. */
  readonly base: PathId
  /** The id that the request's path names; without it the body must have one. */
  readonly id?: PathId | undefined
}

type GroupInput = {
  readonly id?: string | undefined
  readonly apps?: readonly AppInput[] | undefined
  readonly groups?: readonly GroupInput[] | undefined
  readonly dependencies?: readonly string[] | undefined
  readonly enforceRole?: boolean | undefined
  readonly scaleBy?: number | undefined
  readonly version?: string | undefined
}

/** How deep groups of one body may lie in each other; far beyond what anybody nests. */
const DEPTH_MAX = 64

const groupInput =
  (depth: number, idNeeded: boolean): Read<GroupInput> =>
  (value, path, problems) => {
    if (depth > DEPTH_MAX) {
      problems.add(path, `groups may not be nested deeper than ${DEPTH_MAX}`)
      return undefined
    }
    const input = object<GroupInput>({
      id: optional(text({ minLength: 1 })),
      apps: optional(list((app, at, all) => readApp(app, { path: at }, all))),
      groups: optional(list(groupInput(depth + 1, true))),
      dependencies: optional(list(text({ minLength: 1 }))),
      enforceRole: optional(flag),
      scaleBy: optional(number({ min: 0 })),
      version: optional(text()),
    })(value, path, problems)
    if (input !== undefined && input.id === undefined && idNeeded && !hasId(value))
      problems.add(`${path}/id`, `'id' is undefined on object: ${JSON.stringify(value)}`)
    return input
  }

const hasId = (value: unknown): boolean =>
  typeof value === "object" &&
  value !== null &&
  "id" in value &&
  value.id !== undefined &&
  value.id !== null

/**
 * Reads a group object. Fails with `badTypes` when members have wrong types, with `invalid` or
 * `illegal` when the right types make no sense.
 */
export function parseGroup(
  json: unknown,
  options: ParseGroupOptions,
): Result<{ readonly id: PathId; readonly change: GroupChange }, Rejection> {
  const problems = new Problems()
  const input = groupInput(0, options.id === undefined)(json, "", problems)
  if (input === undefined || !problems.none) return problems.rejected("badTypes")
  const id = parseId(options.id ?? input.id ?? "", { base: options.base, path: "", problems })
  const change = changeOf(input, id, { rules: options.rules, path: "", problems })
  return problems.none ? ok({ id, change }) : problems.rejected("invalid")
}

type Context = {
  readonly rules: ModelRules
  readonly path: string
  readonly problems: Problems
}

function changeOf(input: GroupInput, id: PathId, context: Context): GroupChange {
  const { problems } = context
  const alone = (member: string): void => {
    if (Object.keys(input).some((name) => name !== member && name !== "id"))
      problems.refuse(`The '${member}' field may only be combined with the 'id' field.`)
  }
  if (input.scaleBy !== undefined) {
    alone("scaleBy")
    return { kind: "scale", factor: input.scaleBy }
  }
  if (input.version !== undefined && !("apps" in input || "groups" in input)) {
    alone("version")
    const version = parseTimestamp(input.version)
    if (version !== undefined) return { kind: "rollback", version }
    problems.refuse(badTimestamp(input.version))
  }
  return { kind: "content", content: contentOf(input, id, context) }
}

function contentOf(input: GroupInput, id: PathId, context: Context): GroupContent {
  const { path, problems } = context
  if (input.enforceRole !== undefined && (id === ROOT || parentOf(id) !== ROOT))
    problems.add(
      `${path}/enforceRole`,
      `enforceRole can only be set for top-level groups, and ${id} is not top-level`,
    )
  const groups = input.groups?.map((group, i) => {
    const at = `${path}/groups(${i})`
    const child = parseId(group.id ?? "", { base: id, path: at, problems })
    checkChild(child, id, at, problems)
    return contentOf(group, child, { ...context, path: at })
  })
  const apps = input.apps?.map((app, i) => {
    const at = `${path}/apps(${i})`
    const patch = patchOf(app, { rules: context.rules, base: id, path: at }, problems)
    checkChild(patch.id, id, at, problems)
    return patch
  })
  checkNames(apps ?? [], groups ?? [], context)
  const dependencies = parseDependencies(input.dependencies, { base: id, path, problems })
  return {
    id,
    path,
    ...(apps === undefined ? {} : { apps }),
    ...(groups === undefined ? {} : { groups }),
    ...(dependencies === undefined ? {} : { dependencies }),
    ...(input.enforceRole === undefined ? {} : { enforceRole: input.enforceRole }),
  }
}

function checkChild(child: PathId, parent: PathId, path: string, problems: Problems): void {
  if (child === ROOT || parentOf(child) !== parent)
    problems.add(`${path}/id`, `Identifier is not child of '${parent}'. Hint: use relative paths.`)
}

type Named = readonly { readonly id: PathId }[]

function checkNames(apps: Named, groups: Named, { path, problems }: Context): void {
  const appIds = new Set(apps.map(({ id }) => id))
  const groupIds = new Set(groups.map(({ id }) => id))
  if (appIds.size < apps.length || groupIds.size < groups.length)
    problems.add(path, "Identifiers of a group's members must be unique.")
  if (apps.some(({ id }) => groupIds.has(id)))
    problems.add(path, "Groups and Applications may not have the same identifier.")
}
