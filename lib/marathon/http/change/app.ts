import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"
import type { Change, RootChange, RootView } from "#lib/marathon/core/command.ts"
import type { GroupNode } from "#lib/marathon/core/records.ts"
import { buildApp, isBelow } from "#lib/marathon/model/index.ts"
import type { AppPatch, AppSpec, PathId, Rejection } from "#lib/marathon/model/index.ts"
import { enforcesRole, invalidAt, liesUnderApp, noApp, SAME_ID } from "./context.ts"
import type { ChangeContext } from "./context.ts"

/** What may become of an app: only a new one, only an existing one, or either. */
export type PutMode = "create" | "update" | "upsert"

/** How apps are put. */
export type PutOptions = ChangeContext & {
  readonly mode: PutMode
  /** Whether fields that a body does not name keep their value. */
  readonly partial: boolean
}

/** Creates or updates apps, all in one change. Later ones of the same id win. */
export const putApps =
  (patches: readonly AppPatch[], options: PutOptions): Change =>
  (root) => {
    const apps = new Map<PathId, AppSpec | null>()
    const groups = new Map<PathId, GroupNode | null>()
    for (const patch of patches) {
      const spec = nextApp(patch, root, options)
      if (!spec.ok) return spec
      const problem = placeProblem(patch.id, root)
      if (problem !== undefined) return invalidAt(patch.path, problem)
      // An empty group makes room for an app of its id.
      if (root.group(patch.id) !== undefined) groups.set(patch.id, null)
      apps.set(patch.id, spec.value)
    }
    return ok<RootChange>({ apps, groups })
  }

function nextApp(patch: AppPatch, root: RootView, options: PutOptions): Result<AppSpec, Rejection> {
  const { id, rollbackTo } = patch
  const current = root.app(id)
  if (current === undefined && (options.mode === "update" || rollbackTo !== undefined))
    return noApp(id)
  if (rollbackTo !== undefined) {
    const version = root.appAt(id, rollbackTo)
    return version === undefined ? noApp(id, rollbackTo) : ok(version)
  }
  const spec = buildApp(patch, {
    ...options,
    current,
    enforceRole: enforcesRole(id, root, options),
  })
  if (spec.ok && options.mode === "create" && current !== undefined)
    return err({ code: "conflict", message: `An app with id [${id}] already exists.` })
  return spec
}

function placeProblem(id: PathId, root: RootView): string | undefined {
  if (liesUnderApp(id, root)) return SAME_ID
  if (root.group(id) === undefined) return undefined
  const used =
    some(root.apps(), (app) => isBelow(app.id, id)) ||
    some(root.groups(), (group) => isBelow(group.id, id))
  return used ? SAME_ID : undefined
}

function some<T>(items: Iterable<T>, matches: (item: T) => boolean): boolean {
  for (const item of items) if (matches(item)) return true
  return false
}

/** Removes an app. */
export const removeApp =
  (id: PathId): Change =>
  (root) =>
    root.app(id) === undefined ? noApp(id) : ok({ apps: new Map([[id, null]]) })

/** Replaces all instances of an app by new ones of the same definition. */
export const restartApp =
  (id: PathId): Change =>
  (root) =>
    root.app(id) === undefined ? noApp(id) : ok({ restart: new Set([id]) })
