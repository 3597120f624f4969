import { NO_RESOURCES, type Resources } from "#lib/mesos/index.ts"

/**
 * Of one name all resources that run together are revocable, or none is. Why these are not, or
 * undefined. Source: apache/mesos: src/master/validation.cpp (validateRevocableAndNonRevocableResources).
 */
export function mixProblem(lists: readonly (Resources | undefined)[]): string | undefined {
  const all = lists.flatMap((list) => list ?? NO_RESOURCES)
  for (const { name, revocable } of all)
    if (revocable && all.some((other) => other.name === name && !other.revocable))
      return `Cannot use both revocable and non-revocable '${name}' at the same time`
  return undefined
}
