import type { AppEmbed } from "./encode/app-info.ts"
import type { GroupEmbed } from "./encode/group.ts"

const APP_EMBEDS: Readonly<Record<string, readonly AppEmbed[]>> = {
  tasks: ["tasks", "deployments"],
  counts: ["counts"],
  deployments: ["deployments"],
  readiness: ["readiness"],
  lastTaskFailure: ["lastTaskFailure"],
  failures: ["tasks", "lastTaskFailure", "deployments"],
  taskStats: ["taskStats"],
}

const GROUP_EMBEDS: Readonly<Record<string, GroupEmbed>> = {
  "group.groups": "groups",
  "group.apps": "apps",
  "group.pods": "pods",
}

/** What a query wants to see of apps, besides `always`. Unknown values are ignored. */
export function appEmbeds(
  query: URLSearchParams,
  always: readonly AppEmbed[],
): ReadonlySet<AppEmbed> {
  const wanted = query.getAll("embed").flatMap((value) => {
    const name = /^(?:apps|app|group\.apps)\.(.+)$/.exec(value)?.[1]
    return name !== undefined && Object.hasOwn(APP_EMBEDS, name) ? (APP_EMBEDS[name] ?? []) : []
  })
  return new Set([...always, ...wanted])
}

/** What a query wants to see of groups: everything, unless it names something. */
export function groupEmbeds(query: URLSearchParams): ReadonlySet<GroupEmbed> {
  const values = query.getAll("embed")
  if (values.length === 0) return new Set(["groups", "apps", "pods"])
  return new Set(
    values.flatMap((value) => {
      const embed = Object.hasOwn(GROUP_EMBEDS, value) ? GROUP_EMBEDS[value] : undefined
      return embed === undefined ? [] : [embed]
    }),
  )
}
