import type { App, PathId, Timestamp } from "../model/index.ts"
import type { RootView } from "./command.ts"
import type { GroupNode } from "./records.ts"
import type { State } from "./state.ts"

/** The root group as it was at a version, told from the present one and the undo records after it. */
export function rootAt(
  state: State,
  version: Timestamp,
): Pick<RootView, "app" | "apps" | "group" | "groups"> | undefined {
  if (version !== state.rootVersion && !state.undo.has(version)) return undefined
  const apps = new Map<PathId, App>()
  for (const id of state.appIds()) {
    const app = state.apps.get(id)?.current
    if (app !== undefined) apps.set(id, app)
  }
  const groups = new Map<PathId, GroupNode>(state.groups)
  for (const undo of [...state.undo.values()].reverse()) {
    if (undo.version <= version) break
    restore(apps, undo.apps)
    restore(groups, undo.groups)
  }
  const byId = (a: { readonly id: PathId }, b: { readonly id: PathId }): number =>
    a.id < b.id ? -1 : a.id > b.id ? 1 : 0
  const sortedApps = [...apps.values()].sort(byId)
  const sortedGroups = [...groups.values()].sort(byId)
  return {
    app: (id) => apps.get(id),
    apps: () => sortedApps,
    group: (id) => groups.get(id),
    groups: () => sortedGroups,
  }
}

function restore<T>(into: Map<PathId, T>, before: Readonly<Record<string, T | null>>): void {
  for (const [id, value] of Object.entries(before))
    if (value === null) into.delete(id as PathId)
    else into.set(id as PathId, value)
}
