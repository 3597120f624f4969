/**
 * Whether two plain values (as JSON has them) are equal. The order of object members does not count,
 * and a member set to undefined is an absent one. Builds nothing on the way: hot paths compare, too.
 */
export function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false
  if (Array.isArray(a) || Array.isArray(b))
    return Array.isArray(a) && Array.isArray(b) && equalLists(a, b)
  return equalMembers(a as Members, b as Members)
}

type Members = Readonly<Record<string, unknown>>

function equalLists(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (!equal(a[i], b[i])) return false
  return true
}

function equalMembers(a: Members, b: Members): boolean {
  let unmatched = 0
  for (const key in a) {
    if (a[key] === undefined) continue
    if (!Object.hasOwn(b, key) || !equal(a[key], b[key])) return false
    unmatched++
  }
  for (const key in b) if (b[key] !== undefined) unmatched--
  return unmatched === 0
}
