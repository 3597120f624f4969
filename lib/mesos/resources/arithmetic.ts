/**
 * Sums, differences and comparisons of resources. Every argument must be in normal form, every result
 * is: one pass over two sorted lists, no copies of what does not change.
 */
import type { Resource, Resources } from "#lib/mesos/resource.ts"
import { compareResources, isDivisible } from "./compare.ts"
import { NO_RESOURCES } from "./normal.ts"
import { addValues, containsValue, isEmptyValue, subtractValues } from "./value.ts"

/** a + b. */
export function addResources(a: Resources, b: Resources): Resources {
  if (a.length === 0) return b
  if (b.length === 0) return a
  const out: Resource[] = []
  let i = 0
  let j = 0
  while (i < a.length && j < b.length) {
    const left = a[i] as Resource
    const right = b[j] as Resource
    const order = compareResources(left, right)
    if (order === 0 && isDivisible(left)) {
      out.push({ ...left, value: addValues(left.value, right.value) })
      i++
      j++
    } else if (order <= 0) {
      out.push(left)
      i++
    } else {
      out.push(right)
      j++
    }
  }
  for (; i < a.length; i++) out.push(a[i] as Resource)
  for (; j < b.length; j++) out.push(b[j] as Resource)
  return out
}

/**
 * What is left of `a` once `b` is taken from it. Amounts that `a` does not have are ignored: scalars
 * stop at zero, and a whole that is not there takes nothing. Check `containsResources` first where
 * that would be a bug.
 */
export function subtractResources(a: Resources, b: Resources): Resources {
  if (a.length === 0 || b.length === 0) return a
  const out: Resource[] = []
  let j = 0
  for (const left of a) {
    let order = -1
    while (j < b.length && (order = compareResources(left, b[j] as Resource)) > 0) j++
    if (order !== 0 || j >= b.length) {
      out.push(left)
      continue
    }
    const right = b[j++] as Resource
    if (!isDivisible(left)) continue
    const value = subtractValues(left.value, right.value)
    if (!isEmptyValue(value)) out.push({ ...left, value })
  }
  return out.length === 0 ? NO_RESOURCES : out
}

/** Whether `a` holds all of `b`. */
export function containsResources(a: Resources, b: Resources): boolean {
  if (b.length > a.length) return false
  let i = 0
  for (const right of b) {
    let order = 1
    while (i < a.length && (order = compareResources(a[i] as Resource, right)) < 0) i++
    if (order !== 0 || i >= a.length) return false
    if (!containsValue((a[i] as Resource).value, right.value)) return false
    i++
  }
  return true
}

/** Whether both say the same. */
export const equalResources = (a: Resources, b: Resources): boolean =>
  a === b || (a.length === b.length && containsResources(a, b) && containsResources(b, a))
