import type { Offer } from "#lib/mesos/index.ts"
import type { Millis } from "./records.ts"
import type { RejectCount, RejectReason, UnusedOffer } from "./view.ts"

/** Every reason, in the order of the funnel. Source: marathon-api reference, section 1.6. */
export const REJECT_REASONS: readonly RejectReason[] = [
  "UnfulfilledRole",
  "UnfulfilledConstraint",
  "NoCorrespondingReservationFound",
  "AgentMaintenance",
  "InsufficientCpus",
  "InsufficientMemory",
  "InsufficientDisk",
  "InsufficientGpus",
  "InsufficientPorts",
  "DeclinedScarceResources",
]

/** Agents whose last refused offer is remembered for one app; older ones make room. */
const AGENTS_LIMIT = 1000

/** How an app fared with the offers that came while it waited, and why it was not launched. */
export class LaunchStats {
  readonly since: Millis
  processed = 0
  unused = 0
  lastUnusedAt: Millis | undefined
  lastUsedAt: Millis | undefined
  readonly #attempt = new Map<RejectReason, number>()
  readonly #lastByAgent = new Map<string, UnusedOffer>()

  constructor(since: Millis) {
    this.since = since
  }

  /** An offer that was used for a launch. */
  used(offer: Offer, now: Millis): void {
    this.processed++
    this.lastUsedAt = now
    this.#lastByAgent.delete(offer.agentId)
  }

  /** An offer that could not be used, with every reason. */
  refused(offer: Offer, reasons: readonly RejectReason[], now: Millis): void {
    this.processed++
    this.unused++
    this.lastUnusedAt = now
    const first = REJECT_REASONS.find((reason) => reasons.includes(reason))
    if (first !== undefined) this.#attempt.set(first, (this.#attempt.get(first) ?? 0) + 1)
    this.#lastByAgent.delete(offer.agentId)
    this.#lastByAgent.set(offer.agentId, { offer, reasons, timestamp: now })
    const oldest = this.#lastByAgent.keys().next().value
    if (this.#lastByAgent.size > AGENTS_LIMIT && oldest !== undefined)
      this.#lastByAgent.delete(oldest)
  }

  /** The last refused offer of each agent, oldest first. */
  lastUnused(): readonly UnusedOffer[] {
    return [...this.#lastByAgent.values()]
  }

  /** The funnel over the last refused offer of each agent. */
  summaryOfLastOffers(): readonly RejectCount[] {
    const declined = new Map<RejectReason, number>()
    for (const { reasons } of this.#lastByAgent.values()) {
      const first = REJECT_REASONS.find((reason) => reasons.includes(reason))
      if (first !== undefined) declined.set(first, (declined.get(first) ?? 0) + 1)
    }
    return funnel(declined, this.#lastByAgent.size)
  }

  /** The funnel over all offers since the app began to wait. */
  summaryOfAttempt(): readonly RejectCount[] {
    return funnel(this.#attempt, this.processed)
  }
}

function funnel(declined: ReadonlyMap<RejectReason, number>, total: number): RejectCount[] {
  let processed = total
  return REJECT_REASONS.map((reason) => {
    const count = { reason, declined: declined.get(reason) ?? 0, processed }
    processed -= count.declined
    return count
  })
}
