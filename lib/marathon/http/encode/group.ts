import type { GroupNode } from "#lib/marathon/core/records.ts"
import type { RootView } from "#lib/marathon/core/command.ts"
import { isBelow, parentOf, ROOT } from "#lib/marathon/model/index.ts"
import type { App, Encoded, PathId, Timestamp } from "#lib/marathon/model/index.ts"

/** The members of a group that a client asked for. */
export type GroupEmbed = "groups" | "apps" | "pods"

/** The root group as it is, or as it was at some version. */
export type Tree = Pick<RootView, "app" | "apps" | "group" | "groups">

/** How a tree of groups is written out. */
export type EncodeGroupOptions = {
  readonly tree: Tree
  readonly version: Timestamp
  readonly embed: ReadonlySet<GroupEmbed>
  readonly encodeApp: (app: App) => Encoded
}

/** A group with what is embedded, or undefined when there is none of that id. */
export function encodeGroup(id: PathId, options: EncodeGroupOptions): Encoded | undefined {
  const group = options.tree.group(id)
  if (group === undefined) return undefined
  const inside = [...options.tree.groups()].filter((one) => isBelow(one.id, id))
  const children = byParent(inside)
  const apps = byParent(appsBelow(id, options.tree))
  return encodeNode(group, { ...options, children, members: apps })
}

type Indexed = EncodeGroupOptions & {
  readonly children: ReadonlyMap<PathId, readonly GroupNode[]>
  readonly members: ReadonlyMap<PathId, readonly App[]>
}

function encodeNode(group: GroupNode, options: Indexed): Encoded {
  const { embed, children, members } = options
  const groups = children.get(group.id) ?? []
  const apps = members.get(group.id) ?? []
  return {
    id: group.id,
    dependencies: group.dependencies,
    version: options.version,
    enforceRole:
      parentOf(group.id) === ROOT && group.id !== ROOT ? (group.enforceRole ?? false) : undefined,
    ...(embed.has("groups") ? { groups: groups.map((child) => encodeNode(child, options)) } : {}),
    ...(embed.has("apps") ? { apps: apps.map(options.encodeApp) } : {}),
    ...(embed.has("pods") ? { pods: [] } : {}),
  }
}

function byParent<T extends { readonly id: PathId }>(
  items: readonly T[],
): ReadonlyMap<PathId, readonly T[]> {
  const found = new Map<PathId, T[]>()
  for (const item of items) {
    const parent = parentOf(item.id)
    const siblings = found.get(parent)
    if (siblings === undefined) found.set(parent, [item])
    else siblings.push(item)
  }
  return found
}

/** All apps below a group, at any depth. */
export const appsBelow = (id: PathId, tree: Tree): readonly App[] =>
  [...tree.apps()].filter((app) => isBelow(app.id, id))
