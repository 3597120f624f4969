import type { Resource, Resources } from "#lib/mesos/resource.ts"
import { compareResources } from "./compare.ts"

/** An amount of a scalar by name alone, in thousandths. */
export type Quantity = { readonly name: string; readonly milli: number }

/**
 * Amounts by name, for quotas and shares, where reservations and disks do not matter. Sorted by name,
 * each name once, none zero. Source: apache/mesos: include/mesos/resource_quantities.hpp.
 */
export type Quantities = readonly Quantity[]

/** Amounts from pairs in any order; those of one name are summed, and what is not above zero dropped. */
export function quantitiesOf(pairs: Iterable<readonly [name: string, milli: number]>): Quantities {
  const sums = new Map<string, number>()
  for (const [name, milli] of pairs) sums.set(name, (sums.get(name) ?? 0) + milli)
  return [...sums]
    .filter(([, milli]) => milli > 0)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, milli]) => ({ name, milli }))
}

/** The scalars of resources in normal form, by name. A shared volume counts once. */
export function scalarQuantities(resources: Resources): Quantities {
  const out: { name: string; milli: number }[] = []
  for (let i = 0; i < resources.length; i++) {
    const resource = resources[i] as Resource
    if (resource.value.kind !== "scalar") continue
    if (resource.shared && i > 0 && compareResources(resources[i - 1] as Resource, resource) === 0)
      continue
    const last = out.at(-1)
    if (last?.name === resource.name) last.milli += resource.value.milli
    else out.push({ name: resource.name, milli: resource.value.milli })
  }
  return out
}

/** The amount of one name, zero when absent. */
export function quantityOf(quantities: Quantities, name: string): number {
  for (const quantity of quantities) if (quantity.name === name) return quantity.milli
  return 0
}

/** a + b. */
export function addQuantities(a: Quantities, b: Quantities): Quantities {
  if (a.length === 0) return b
  if (b.length === 0) return a
  const out: Quantity[] = []
  let i = 0
  let j = 0
  while (i < a.length || j < b.length) {
    const left = a[i]
    const right = b[j]
    if (left !== undefined && right !== undefined && left.name === right.name) {
      out.push({ name: left.name, milli: left.milli + right.milli })
      i++
      j++
    } else if (right === undefined || (left !== undefined && left.name < right.name)) {
      out.push(left as Quantity)
      i++
    } else {
      out.push(right)
      j++
    }
  }
  return out
}

/** What is left of `a`; amounts stop at zero. */
export function subtractQuantities(a: Quantities, b: Quantities): Quantities {
  if (a.length === 0 || b.length === 0) return a
  const out: Quantity[] = []
  for (const quantity of a) {
    const milli = quantity.milli - quantityOf(b, quantity.name)
    if (milli === quantity.milli) out.push(quantity)
    else if (milli > 0) out.push({ name: quantity.name, milli })
  }
  return out
}

/** Whether `a` has at least as much as `b` of every name. */
export function containsQuantities(a: Quantities, b: Quantities): boolean {
  for (const { name, milli } of b) if (quantityOf(a, name) < milli) return false
  return true
}

/** The amount of one scalar in thousandths, whatever its reservation, disk or revocability. */
export const scalarOf = (resources: Resources, name: string): number =>
  quantityOf(scalarQuantities(resources), name)
