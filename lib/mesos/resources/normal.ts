import type { Resource, Resources } from "#lib/mesos/resource.ts"
import { compareResources, isDivisible } from "./compare.ts"
import { addValues, isEmptyValue, normalizeValue } from "./value.ts"

/** The empty sum; shared, so that emptiness costs no allocation. */
export const NO_RESOURCES: Resources = []

/**
 * The normal form of any list: values normalised, empty entries dropped, mergeable entries merged,
 * the rest in one fixed order. Two lists mean the same exactly if their normal forms are equal. The
 * input itself is returned when it is normal already.
 */
export function normalizeResources(list: Resources): Resources {
  if (isNormal(list)) return list
  const entries: Resource[] = []
  for (const resource of list) {
    const value = normalizeValue(resource.value)
    if (!isEmptyValue(value))
      entries.push(value === resource.value ? resource : { ...resource, value })
  }
  entries.sort(compareResources)
  return mergeSorted(entries)
}

function isNormal(list: Resources): boolean {
  for (let i = 0; i < list.length; i++) {
    const resource = list[i] as Resource
    if (isEmptyValue(resource.value) || normalizeValue(resource.value) !== resource.value)
      return false
    if (i === 0) continue
    const order = compareResources(list[i - 1] as Resource, resource)
    if (order > 0 || (order === 0 && isDivisible(resource))) return false
  }
  return true
}

function mergeSorted(sorted: Resources): Resources {
  const out: Resource[] = []
  for (const resource of sorted) {
    const last = out.at(-1)
    if (last === undefined || compareResources(last, resource) !== 0 || !isDivisible(resource))
      out.push(resource)
    else out[out.length - 1] = { ...last, value: addValues(last.value, resource.value) }
  }
  return out
}
