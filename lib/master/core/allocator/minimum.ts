import { toMilli, type OfferFilters, type Resources } from "#lib/mesos/index.ts"
import { err, ok, type Result } from "#lib/std/result.ts"

/** Thousandths by name that must all be there. */
type Amounts = readonly (readonly [name: string, milli: number])[]

/** The least amount worth offering: any one of these; an empty list accepts anything. */
export type Minimum = readonly Amounts[]

/** Source: apache/mesos: src/master/constants.hpp (MIN_CPUS 0.01, MIN_MEM 32 MB). */
export const MIN_CPUS_MILLI = 10
/** See MIN_CPUS_MILLI. */
export const MIN_MEM_MILLI = 32_000

/** Source: apache/mesos: docs/configuration/master.md (--min_allocatable_resources). */
export const DEFAULT_MINIMUM: Minimum = [[["cpus", MIN_CPUS_MILLI]], [["mem", MIN_MEM_MILLI]]]

/**
 * Reads `--min_allocatable_resources`: `cpus:0.01|mem:32` is either, `cpus:1;mem:512` is both, and
 * nothing accepts anything. Refused, with what is wrong, unless it is scalars above or at 0.
 */
export function parseMinimum(text: string): Result<Minimum, string> {
  const alternatives: Amounts[] = []
  for (const alternative of text.split("|")) {
    if (alternative.trim() === "") continue
    const amounts: (readonly [string, number])[] = []
    for (const part of alternative.split(";")) {
      const [, name, amount] = /^\s*([^:;\s]+)\s*:\s*(\d+(?:\.\d+)?)\s*$/.exec(part) ?? []
      if (name === undefined || amount === undefined)
        return err(`'${part.trim()}' is not a scalar such as cpus:0.01`)
      amounts.push([name, toMilli(Number(amount))])
    }
    alternatives.push(amounts)
  }
  return ok(alternatives)
}

/** The minimum a framework asks for under one role, or undefined when it is content with the default. */
export function minimumOf(filters: OfferFilters | undefined): Minimum | undefined {
  return filters?.minAllocatableResources?.quantities?.map(({ quantities = {} }) =>
    Object.entries(quantities).map(([name, { value }]) => [name, toMilli(value)] as const),
  )
}

/** Whether the resources reach the minimum. */
export function reachesMinimum(resources: Resources, minimum: Minimum): boolean {
  // Asked for every agent and every framework that is passed over there: the usual case costs no closure.
  if (minimum === DEFAULT_MINIMUM)
    return (
      scalarMilli(resources, "cpus") >= MIN_CPUS_MILLI ||
      scalarMilli(resources, "mem") >= MIN_MEM_MILLI
    )
  if (minimum.length === 0) return resources.length > 0
  return minimum.some((amounts) =>
    amounts.every(([name, milli]) => scalarMilli(resources, name) >= milli),
  )
}

/** Thousandths of one scalar, whatever its reservation. */
export function scalarMilli(resources: Resources, name: string): number {
  let milli = 0
  for (const resource of resources)
    if (resource.name === name && resource.value.kind === "scalar") milli += resource.value.milli
  return milli
}
