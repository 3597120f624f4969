import { unallocate, type Offer, type Resources, type Url } from "#lib/mesos/index.ts"
import { must } from "#lib/std/assert.ts"
import type { Grant } from "./allocator/allocator.ts"
import type { Context } from "./context.ts"
import type { AgentRecord, FrameworkRecord, OfferRecord } from "./records.ts"

/** Offers in one OFFERS event, so that a scheduler can begin before all of a large cluster is encoded. */
const OFFERS_PER_EVENT = 500

/** Source: apache/mesos: src/slave/slave.cpp; the port an agent listens on unless it says otherwise. */
const AGENT_PORT = 5051

/** Turns what the allocator granted into outstanding offers and tells the frameworks. */
export function sendOffers(ctx: Context, grants: readonly Grant[]): void {
  const byFramework = new Map<FrameworkRecord, Offer[]>()
  for (const grant of grants) {
    const framework = must(ctx.frameworks.get(grant.frameworkId), "granted to no framework")
    const agent = must(ctx.agents.get(grant.agentId), "granted on no agent")
    const offer: OfferRecord = {
      id: ctx.newOfferId(),
      framework,
      agent,
      frameworkId: framework.id,
      agentId: agent.id,
      role: grant.role,
      resources: grant.resources,
      createdAt: ctx.now,
    }
    ctx.offers.set(offer.id, offer)
    framework.offers.add(offer)
    framework.offersChanged()
    agent.offers.add(offer)
    agent.offersChanged()
    if (ctx.timings.offerMs !== undefined)
      ctx.offerTimeouts.set(offer, ctx.now + ctx.timings.offerMs)
    const list = byFramework.get(framework)
    if (list === undefined) byFramework.set(framework, [offerMessage(ctx, offer)])
    else list.push(offerMessage(ctx, offer))
  }
  for (const [framework, offers] of byFramework) {
    framework.count("offers/sent", offers.length)
    for (let i = 0; i < offers.length; i += OFFERS_PER_EVENT)
      ctx.event(framework, { kind: "offers", offers: offers.slice(i, i + OFFERS_PER_EVENT) })
  }
}

/** Where an agent's own API is. */
export function agentUrl({ info, address: ip }: AgentRecord): Url {
  const { hostname, port = AGENT_PORT } = info
  return { scheme: "http", address: { hostname, ip, port }, path: "/slave(1)" }
}

/** An offer as the framework sees it: allocations show only to those that know several roles. */
function offerMessage(ctx: Context, offer: OfferRecord): Offer {
  const { id, framework, agent, role, resources } = offer
  const multiRole = framework.capabilities.has("MULTI_ROLE")
  const executorIds = [...agent.executors]
    .filter((executor) => executor.framework === framework)
    .map(({ executorId }) => executorId)
  const { hostname, attributes, domain } = agent.info
  const unavailability = ctx.maintenance.machineOf(agent)?.unavailability
  return {
    id,
    frameworkId: framework.id,
    agentId: agent.id,
    hostname,
    url: agentUrl(agent),
    ...(domain === undefined ? {} : { domain }),
    resources: multiRole ? resources : unallocate(resources),
    attributes: attributes ?? [],
    executorIds,
    ...(multiRole ? { allocationInfo: { role } } : {}),
    ...(unavailability === undefined ? {} : { unavailability }),
  }
}

/** Why offered resources come back: `refusedForMs` keeps them from being offered again meanwhile. */
export type Refusal = { readonly refusedForMs: number }

/** Ends an offer whose resources are all free again. */
export function discardOffer(ctx: Context, offer: OfferRecord, refusal?: Refusal): void {
  forgetOffer(ctx, offer)
  recoverOffered(ctx, offer, offer.resources, refusal)
}

/** Ends an offer that the framework did not answer, and tells it. */
export function rescindOffer(ctx: Context, offer: OfferRecord, refusal?: Refusal): void {
  discardOffer(ctx, offer, refusal)
  offer.framework.count("offers/rescinded")
  ctx.event(offer.framework, { kind: "rescind", offerId: offer.id })
}

/** Takes an offer out of the books; its resources remain allocated to the framework. */
export function forgetOffer(ctx: Context, offer: OfferRecord): void {
  const { framework, agent } = offer
  ctx.offers.delete(offer.id)
  framework.offers.delete(offer)
  framework.offersChanged()
  agent.offers.delete(offer)
  agent.offersChanged()
  ctx.offerTimeouts.clear(offer)
}

/** Frees what an offer held and nothing uses. */
export function recoverOffered(
  ctx: Context,
  {
    frameworkId,
    agentId,
  }: { readonly frameworkId: OfferRecord["frameworkId"]; readonly agentId: AgentRecord["id"] },
  resources: Resources,
  refusal?: Refusal,
): void {
  if (refusal === undefined) ctx.allocator.recover(frameworkId, agentId, resources)
  else ctx.allocator.recover(frameworkId, agentId, resources, { now: ctx.now, ...refusal })
}

/** Rescinds every offer of an agent. */
export function rescindOffersOf(ctx: Context, agent: AgentRecord): void {
  for (const offer of agent.offers) rescindOffer(ctx, offer)
}

/** Discards every offer of a framework, which is gone or starts anew. */
export function discardOffersOf(ctx: Context, framework: FrameworkRecord): void {
  for (const offer of framework.offers) discardOffer(ctx, offer)
}
