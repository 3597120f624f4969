import { isDivisible, type Resource, type Resources } from "#lib/mesos/index.ts"
import { assert } from "#lib/std/assert.ts"

/** Thousandths by the name of a scalar. */
export type Amounts = ReadonlyMap<string, number>

/** What a top-level role is promised, and the most it may have. A name that is absent is free. */
export type RoleQuota = { readonly guarantees: Amounts; readonly limits: Amounts }

/** Whether a quota says nothing. */
export const isEmptyQuota = ({ guarantees, limits }: RoleQuota): boolean =>
  guarantees.size === 0 && limits.size === 0

/** What a top-level role and the roles below it have of one cluster. Written by the book only. */
export class Account {
  readonly role: string
  quota: RoleQuota | undefined
  /** Reserved to the role or below, whether anybody uses it or not. */
  readonly reserved = new Map<string, number>()
  /** Offered or used, unreserved and for good. */
  readonly allocated = new Map<string, number>()
  /** Whether the limit has kept something from the role since it last gave something back. */
  atLimit = false

  constructor(role: string) {
    this.role = role
  }

  consumed(name: string): number {
    return (this.reserved.get(name) ?? 0) + (this.allocated.get(name) ?? 0)
  }

  /** What is still owed of a guarantee. */
  owed(name: string): number {
    return Math.max(0, (this.quota?.guarantees.get(name) ?? 0) - this.consumed(name))
  }

  /** Whether some guarantee is not met. */
  get isOwed(): boolean {
    for (const name of this.quota?.guarantees.keys() ?? []) if (this.owed(name) > 0) return true
    return false
  }
}

/** Which of the two rounds of an allocation is under way. */
export type Round = "guarantees" | "fair"

/** What of some resources a role may have by quota, and what kept the rest from it. */
export type Allowance = {
  readonly resources: Resources
  readonly refusal?: "quotaLimit" | "quotaHeadroom" | undefined
}

/** Whether it counts against quotas: a scalar that is not reserved and given for good. */
const counts = (resource: Resource): boolean =>
  resource.value.kind === "scalar" &&
  resource.reservations.length === 0 &&
  resource.revocable === undefined

/**
 * Counts what roles have against their quotas. A quota belongs to a top-level role and covers all
 * below it. Consumed are its reservations and what it holds of unreserved resources for good. What
 * guarantees still owe is kept free: the headroom. Everything is kept up to date with each change, so
 * that asking costs the same however large the cluster is.
 * Source: apache/mesos: docs/quota.md, src/master/allocator/mesos/hierarchical.cpp.
 */
export class QuotaBook {
  readonly #accounts = new Map<string, Account>()
  /** Free unreserved resources of the whole cluster, given for good. */
  readonly #free = new Map<string, number>()
  /** What guarantees owe, over all roles. */
  readonly #owed = new Map<string, number>()
  #quotas = 0
  #guarantees = 0
  /** Whether headroom has kept something from somebody since there was last more of it. */
  #headroomRefused = false
  #wakesAll = false
  readonly #wakes = new Set<Account>()

  /** The account that a role's allocations count against: that of its first component. */
  account(role: string): Account {
    const end = role.indexOf("/")
    const top = end < 0 ? role : role.slice(0, end)
    let account = this.#accounts.get(top)
    if (account === undefined) this.#accounts.set(top, (account = new Account(top)))
    return account
  }

  /** Sets, replaces or removes the quota of a top-level role. */
  setQuota(role: string, quota: RoleQuota | undefined): void {
    const account = this.account(role)
    assert(account.role === role, `${role} is no top-level role`)
    this.#owe(account, -1)
    this.#quotas += Number(quota !== undefined) - Number(account.quota !== undefined)
    this.#guarantees +=
      Number((quota?.guarantees.size ?? 0) > 0) - Number((account.quota?.guarantees.size ?? 0) > 0)
    account.quota = quota
    this.#owe(account, 1)
    account.atLimit = false
    this.#headroomRefused = false
    this.#wakesAll = true
  }

  /** Whether any role is promised anything. */
  get hasGuarantees(): boolean {
    return this.#guarantees > 0
  }

  /** Thousandths by name that are free beyond what guarantees owe. */
  surplus(name: string): number {
    return (this.#free.get(name) ?? 0) - (this.#owed.get(name) ?? 0)
  }

  /** An agent joined (sign 1) or left (-1) with these resources, all of them free. */
  addTotal(total: Resources, sign: 1 | -1): void {
    for (const resource of total) {
      if (resource.value.kind !== "scalar" || resource.revocable === true) continue
      const milli = sign * resource.value.milli
      const owner = resource.reservations.at(-1)?.role
      if (owner === undefined) this.#addFree(resource.name, milli)
      else this.#consume(this.account(owner), "reserved", resource.name, milli)
    }
  }

  /** Resources were given to the role (sign 1) or came back (-1). */
  charge(account: Account, resources: Resources, sign: 1 | -1): void {
    for (const resource of resources) {
      if (!counts(resource) || resource.value.kind !== "scalar") continue
      const milli = sign * resource.value.milli
      this.#consume(account, "allocated", resource.name, milli)
      this.#addFree(resource.name, -milli)
    }
  }

  /**
   * What of free resources a role may be given now. In the round of guarantees it gets of what it is
   * promised no more than is owed; afterwards whatever its limit and the others' headroom leave.
   * Reservations, ranges, sets and revocable resources are no matter of quota.
   */
  allowance(account: Account, resources: Resources, round: Round): Allowance {
    if (this.#quotas === 0) return { resources }
    let refusal: Allowance["refusal"]
    const left = new Map<string, { milli: number; readonly binding: typeof refusal }>()
    const out: Resource[] = []
    for (const resource of resources) {
      if (!counts(resource) || resource.value.kind !== "scalar") {
        out.push(resource)
        continue
      }
      const { name, value } = resource
      let allowed = left.get(name)
      if (allowed === undefined) left.set(name, (allowed = this.#allowed(account, name, round)))
      const whole = allowed.milli >= value.milli
      const milli = whole ? value.milli : isDivisible(resource) ? allowed.milli : 0
      allowed.milli -= milli
      if (!whole) refusal ??= allowed.binding
      if (whole) out.push(resource)
      else if (milli > 0) out.push({ ...resource, value: { kind: "scalar", milli } })
    }
    if (refusal === undefined) return { resources }
    if (refusal === "quotaLimit") account.atLimit = true
    else this.#headroomRefused = true
    return { resources: out, refusal }
  }

  /** Whether somebody who was refused by quota could now be given something. */
  get wakes(): boolean {
    return this.#wakesAll || this.#wakes.size > 0
  }

  /** Those accounts, or all; they are told once. */
  takeWakes(): "all" | ReadonlySet<Account> {
    const accounts = this.#wakesAll ? "all" : new Set(this.#wakes)
    this.#wakesAll = false
    this.#wakes.clear()
    return accounts
  }

  /** The accounts of roles that have a quota, or hold something. */
  accounts(): Iterable<Account> {
    return this.#accounts.values()
  }

  /** Fails unless the accounts say what these totals and allocations add up to. */
  check(
    totals: readonly Resources[],
    allocations: readonly (readonly [{ readonly account: Account }, Resources])[],
  ): void {
    const recount = new QuotaBook()
    for (const { role, quota } of this.#accounts.values()) recount.setQuota(role, quota)
    for (const total of totals) recount.addTotal(total, 1)
    for (const [{ account }, resources] of allocations)
      recount.charge(recount.account(account.role), resources, 1)
    for (const account of this.#accounts.values()) {
      const counted = recount.account(account.role)
      for (const name of new Set([...this.#free.keys(), ...account.reserved.keys()]))
        assert(
          account.consumed(name) === counted.consumed(name),
          `${account.role}: the consumed ${name} is miscounted`,
        )
    }
    for (const name of this.#free.keys())
      assert(this.surplus(name) === recount.surplus(name), `the surplus of ${name} is miscounted`)
  }

  #allowed(
    account: Account,
    name: string,
    round: Round,
  ): { milli: number; readonly binding: Allowance["refusal"] } {
    const limit = account.quota?.limits.get(name) ?? Number.POSITIVE_INFINITY
    const underLimit = Math.max(0, limit - account.consumed(name))
    const owed = account.owed(name)
    const promised = round === "guarantees" && account.quota?.guarantees.has(name) === true
    // Filling one's own guarantee takes as much from the headroom as from what is free.
    const free = promised ? owed : owed + Math.max(0, this.surplus(name))
    return underLimit <= free
      ? { milli: underLimit, binding: "quotaLimit" }
      : { milli: free, binding: "quotaHeadroom" }
  }

  #consume(account: Account, kind: "reserved" | "allocated", name: string, milli: number): void {
    const owed = account.owed(name)
    const after = (account[kind].get(name) ?? 0) + milli
    assert(after >= 0, `${account.role}: less than no ${name} would be ${kind}`)
    if (after === 0) account[kind].delete(name)
    else account[kind].set(name, after)
    this.#addOwed(name, account.owed(name) - owed)
    if (milli >= 0 || !account.atLimit) return
    account.atLimit = false
    this.#wakes.add(account)
  }

  #owe(account: Account, sign: 1 | -1): void {
    for (const name of account.quota?.guarantees.keys() ?? [])
      this.#addOwed(name, sign * account.owed(name))
  }

  #addOwed(name: string, milli: number): void {
    if (milli === 0) return
    this.#owed.set(name, (this.#owed.get(name) ?? 0) + milli)
    if (milli < 0) this.#headroomGrew()
  }

  #addFree(name: string, milli: number): void {
    this.#free.set(name, (this.#free.get(name) ?? 0) + milli)
    if (milli > 0) this.#headroomGrew()
  }

  #headroomGrew(): void {
    if (!this.#headroomRefused) return
    this.#headroomRefused = false
    this.#wakesAll = true
  }
}
