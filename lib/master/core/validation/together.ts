import { NO_RESOURCES, reservationRole, type Resources } from "#lib/mesos/index.ts"

/**
 * Why resources that run together cannot: of one name all are revocable or none is, and a volume that
 * is not shared is used once. Undefined when they can.
 * Source: apache/mesos: src/master/validation.cpp (validateRevocableAndNonRevocableResources,
 * validateUniquePersistenceID).
 */
export function togetherProblem(lists: readonly (Resources | undefined)[]): string | undefined {
  const all = lists.flatMap((list) => list ?? NO_RESOURCES)
  const kept = new Set(all.flatMap(({ name, revocable }) => (revocable ? [] : [name])))
  const volumes = new Set<string>()
  for (const resource of all) {
    const { name, revocable, disk, shared } = resource
    if (revocable && kept.has(name))
      return `Cannot use both revocable and non-revocable '${name}' at the same time`
    const id = disk?.persistence?.id
    if (id === undefined || shared) continue
    const key = `${reservationRole(resource)} ${id}`
    if (volumes.has(key)) return `Persistence ID '${id}' is not unique`
    volumes.add(key)
  }
  return undefined
}
