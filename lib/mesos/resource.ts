import type { ResourceProviderId } from "./ids.ts"
import type { Labels, ResourceDiskInfo } from "./v1/core.ts"

/** An inclusive range of whole numbers. */
export type Range = { readonly begin: number; readonly end: number }

/** One link of a reservation stack; the last link of the stack is the one that counts. */
export type Reservation = {
  readonly type: "STATIC" | "DYNAMIC"
  readonly role: string
  readonly principal?: string | undefined
  readonly labels?: Labels | undefined
}

/** The amount of a resource. Scalars are whole thousandths, so that sums never drift. */
export type ResourceValue =
  | { readonly kind: "scalar"; readonly milli: number }
  | { readonly kind: "ranges"; readonly ranges: readonly Range[] }
  | { readonly kind: "set"; readonly items: readonly string[] }

/**
 * A quantity of one named resource with everything that tells it from others of the same name.
 * Memory and disk are MiB. Ranges are sorted, disjoint and not adjacent; set items are sorted and
 * unique. Absent members are absent, never set to undefined by arithmetic.
 * Source: apache/mesos: include/mesos/v1/mesos.proto (Resource).
 */
export type Resource = {
  readonly name: string
  readonly value: ResourceValue
  /** Empty when unreserved; otherwise outermost reservation first. */
  readonly reservations: readonly Reservation[]
  /** The role whose allocation this is part of; absent for resources that are not allocated. */
  readonly allocationRole?: string | undefined
  readonly providerId?: ResourceProviderId | undefined
  readonly disk?: ResourceDiskInfo | undefined
  readonly revocable?: true | undefined
  readonly shared?: true | undefined
}

/** A sum of resources in normal form: no two entries could be merged. Empty means nothing. */
export type Resources = readonly Resource[]
