/**
 * Whether two plain values (as JSON has them) are equal. The order of object members does not count,
 * and a member set to undefined is an absent one.
 */
export function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false
  if (Array.isArray(a) || Array.isArray(b))
    return (
      Array.isArray(a) &&
      Array.isArray(b) &&
      a.length === b.length &&
      a.every((item, index) => equal(item, b[index]))
    )
  return hasAll(a as Members, b as Members, true) && hasAll(b as Members, a as Members, false)
}

type Members = Readonly<Record<string, unknown>>

/** Whether the other has every member of this one, and an equal one where values are compared. */
function hasAll(a: Members, b: Members, compare: boolean): boolean {
  // Nothing is built on the way: hot paths compare, too.
  for (const key in a) {
    if (a[key] === undefined) continue
    if (!Object.hasOwn(b, key) || b[key] === undefined) return false
    if (compare && !equal(a[key], b[key])) return false
  }
  return true
}
