import type { FrameworkId, OfferId } from "#lib/mesos/index.ts"
import { err, ok, type Result } from "#lib/std/result.ts"
import type { OfferView } from "#lib/master/core/views.ts"

/**
 * The offers a call names, or why they cannot be used together: they must be outstanding, distinct,
 * the framework's own, of one agent and one role.
 * Source: apache/mesos: src/master/validation.cpp (offer).
 */
export function resolveOffers<Offer extends OfferView>(
  offerIds: readonly OfferId[],
  frameworkId: FrameworkId,
  outstanding: ReadonlyMap<OfferId, Offer>,
): Result<readonly [Offer, ...Offer[]], string> {
  const offers: Offer[] = []
  for (const id of offerIds) {
    const offer = outstanding.get(id)
    if (offer === undefined) return err(`Offer ${id} is no longer valid`)
    if (offers.includes(offer)) return err(`Duplicate offer ${id} in offer list`)
    if (offer.frameworkId !== frameworkId)
      return err(
        `Offer ${id} has invalid framework ${offer.frameworkId} while framework ${frameworkId} is expected`,
      )
    offers.push(offer)
  }
  const [first, ...rest] = offers
  if (first === undefined) return err("No offers specified")
  for (const { agentId, id, role } of rest) {
    if (agentId !== first.agentId)
      return err(
        `Aggregated offers must belong to one single agent. Offer ${id} uses agent ${agentId} and agent ${first.agentId}`,
      )
    if (role !== first.role)
      return err(
        `Aggregated offers must be allocated to the same role. Offer ${id} uses role ${role} but another is using role ${first.role}`,
      )
  }
  return ok([first, ...rest])
}
