import type { App } from "../model/index.ts"
import { placementValue } from "./constraints.ts"
import type { Condition, Instance } from "./records.ts"

// Source: marathon-api reference, section 5.5. Instances without a task cost nothing and go first.
const ORDER: readonly Condition[] = [
  "Scheduled",
  "Provisioned",
  "Unreachable",
  "Staging",
  "Starting",
  "Running",
]

const rank = (instance: Instance): number => {
  const index = ORDER.indexOf(instance.condition)
  return index < 0 ? ORDER.length : index
}

/**
 * The instances that go when an app has `count` too many: those that serve least first, then by the
 * app's kill selection; a GROUP_BY constraint takes them from the fullest groups.
 */
export function chooseVictims(
  app: App,
  candidates: readonly Instance[],
  count: number,
): readonly Instance[] {
  const youngestFirst = app.killSelection === "YOUNGEST_FIRST"
  const age = (instance: Instance): number => instance.task?.startedAt ?? instance.createdAt
  const sorted = [...candidates].sort((a, b) => {
    const byRank = rank(a) - rank(b)
    if (byRank !== 0) return byRank
    const byAge = youngestFirst ? age(b) - age(a) : age(a) - age(b)
    if (byAge !== 0) return byAge
    return a.id < b.id ? -1 : a.id > b.id ? 1 : 0
  })
  const groupBy = app.constraints.find((constraint) => constraint.operator === "GROUP_BY")
  return groupBy === undefined ? sorted.slice(0, count) : fromFullest(sorted, count, groupBy.field)
}

function fromFullest(sorted: readonly Instance[], count: number, field: string): Instance[] {
  const groups = new Map<string, Instance[]>()
  const victims: Instance[] = []
  for (const instance of sorted) {
    const { placement } = instance
    const value = placement === undefined ? undefined : placementValue(placement, field)
    if (value === undefined) victims.push(instance)
    else groups.set(value, [...(groups.get(value) ?? []), instance])
  }
  victims.splice(count)
  while (victims.length < count) {
    let fullest: Instance[] | undefined
    for (const group of groups.values()) if (group.length > (fullest?.length ?? 0)) fullest = group
    const victim = fullest?.shift()
    if (victim === undefined) break
    victims.push(victim)
  }
  return victims
}
