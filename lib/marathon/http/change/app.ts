import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"
import type { Change, RootChange, RootView } from "#lib/marathon/core/command.ts"
import { ancestorsOf, buildApp } from "#lib/marathon/model/index.ts"
import type { AppPatch, AppSpec, PathId, Rejection } from "#lib/marathon/model/index.ts"
import { addTopGroup, enforcesRole, invalidAt, noApp } from "./context.ts"
import type { ChangeContext } from "./context.ts"
import { emptyDraft, SAME_ID, sameIdProblem } from "./same-id.ts"
import type { Draft } from "./same-id.ts"

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
    const draft = emptyDraft()
    for (const patch of patches) {
      const spec = nextApp(patch, root, options)
      if (!spec.ok) return spec
      draft.apps.set(patch.id, spec.value)
      addTopGroup(patch.id, root, draft, options)
    }
    for (const { id, path } of patches) {
      const problem = placeProblem(id, root, draft)
      if (problem !== undefined) return invalidAt(path, problem)
    }
    return ok<RootChange>(draft)
  }

// Looks at the whole tree only where a group of that id is in the way: a change of one app must not
// cost more the more apps there are.
function placeProblem(id: PathId, root: RootView, draft: Draft): string | undefined {
  if (ancestorsOf(id).some((above) => root.app(above) !== undefined || draft.apps.has(above)))
    return SAME_ID
  return root.group(id) === undefined ? undefined : sameIdProblem(root, draft)
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
