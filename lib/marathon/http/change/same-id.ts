import type { RootView } from "#lib/marathon/core/command.ts"
import type { GroupNode } from "#lib/marathon/core/records.ts"
import { ancestorsOf, ROOT } from "#lib/marathon/model/index.ts"
import type { AppSpec, PathId } from "#lib/marathon/model/index.ts"

/** What a change makes of apps and groups, while it is put together; null removes. */
export type Draft = {
  readonly apps: Map<PathId, AppSpec | null>
  readonly groups: Map<PathId, GroupNode | null>
}

/** A draft that changes nothing yet. */
export const emptyDraft = (): Draft => ({ apps: new Map(), groups: new Map() })

/** What says that an app and a group would have the same id. */
export const SAME_ID = "Groups and Applications may not have the same identifier."

/**
 * Finds an app that would stand where a group with members is, seen over the whole tree as the draft
 * makes it. Empty groups that the draft does not name give way to apps of their id.
 */
export function sameIdProblem(root: RootView, draft: Draft): string | undefined {
  const apps = new Set<PathId>()
  for (const { id } of root.apps()) if (draft.apps.get(id) !== null) apps.add(id)
  for (const [id, app] of draft.apps) if (app !== null) apps.add(id)
  const groups = new Set<PathId>()
  for (const { id } of root.groups()) if (draft.groups.get(id) !== null) groups.add(id)
  for (const [id, group] of draft.groups) if (group !== null) groups.add(id)
  const used = new Set<PathId>()
  for (const id of [...apps, ...groups]) for (const above of ancestorsOf(id)) used.add(above)
  for (const id of apps) {
    if (used.has(id) || (draft.groups.get(id) ?? null) !== null) return SAME_ID
    if (id !== ROOT && groups.has(id)) draft.groups.set(id, null)
  }
  return undefined
}
