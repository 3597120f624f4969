import type { Draft } from "./same-id.ts"
import { err } from "#lib/std/result.ts"
import type { RootView } from "#lib/marathon/core/command.ts"
import { resolvePathId, topSegment } from "#lib/marathon/model/index.ts"
import type { ModelRules, PathId, Rejection } from "#lib/marathon/model/index.ts"

/** What a change of definitions is made with. */
export type ChangeContext = {
  readonly rules: ModelRules
  readonly force: boolean
  /** Whether a new top-level group enforces its own role. */
  readonly newGroupsEnforceRole: boolean
}

/** "App '/x' does not exist", with the version if one was asked for. */
export const noApp = (id: PathId, version?: string): { ok: false; error: Rejection } =>
  notFound("App", id, version)

/** "Group '/x' does not exist", with the version if one was asked for. */
export const noGroup = (id: PathId, version?: string): { ok: false; error: Rejection } =>
  notFound("Group", id, version)

function notFound(
  kind: "App" | "Group",
  id: PathId,
  version: string | undefined,
): { ok: false; error: Rejection } {
  const where = version === undefined ? "" : ` in version ${version}`
  return err({ code: "notFound", message: `${kind} '${id}' does not exist${where}` })
}

/** A problem of the body at one place. */
export const invalidAt = (path: string, error: string): { ok: false; error: Rejection } =>
  err({ code: "invalid", details: [{ path: path === "" ? "/" : path, errors: [error] }] })

/** Whether the top-level group above an id enforces its own role. */
export function enforcesRole(id: PathId, root: RootView, context: ChangeContext): boolean {
  const top = topGroupAbove(id)
  if (top === undefined) return false
  const group = root.group(top)
  return group === undefined ? context.newGroupsEnforceRole : (group.enforceRole ?? false)
}

/**
 * Adds the top-level group above an id to a draft, where it is new and is to enforce its role; other
 * missing groups need no mention.
 */
export function addTopGroup(
  id: PathId,
  root: RootView,
  draft: Draft,
  context: ChangeContext,
): void {
  const top = topGroupAbove(id)
  if (top === undefined || !context.newGroupsEnforceRole) return
  if (root.group(top) !== undefined || draft.groups.has(top)) return
  draft.groups.set(top, { id: top, dependencies: [], enforceRole: true })
}

function topGroupAbove(id: PathId): PathId | undefined {
  const name = topSegment(id)
  const top = name === undefined ? undefined : resolvePathId(name)
  return top === id ? undefined : top
}
