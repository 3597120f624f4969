import type {
  AgentId,
  FrameworkId,
  InverseOffer,
  OfferId,
  Unavailability,
  maintenance,
  scheduler,
} from "#lib/mesos/index.ts"
import { Deadlines } from "#lib/std/deadlines.ts"
import type { Context } from "./context.ts"
import { agentUrl } from "./offers.ts"
import type { AgentRecord, FrameworkRecord } from "./records.ts"

/** Between two looks for frameworks to ask. Source: apache/mesos: the allocation interval. */
const INTERVAL_MS = 1_000

/** Source: apache/mesos: include/mesos/v1/mesos.proto (Filters.refuse_seconds). */
const REFUSE_SECONDS = 5

const REFUSE_SECONDS_MAX = 365 * 24 * 3_600

/** A framework is asked to leave an agent in time; it may say whether it will. */
export type InverseOfferRecord = {
  readonly id: OfferId
  readonly framework: FrameworkRecord
  readonly agent: AgentRecord
  readonly frameworkId: FrameworkId
  readonly agentId: AgentId
  readonly unavailability: Unavailability
}

/** What a framework answered, as the operator reads it. */
type Answer = NonNullable<maintenance.ClusterStatusDrainingMachine["statuses"]>[number]

const pairKey = (frameworkId: FrameworkId, agentId: AgentId): string => `${frameworkId}/${agentId}`

/** Which frameworks were asked to leave which agents, and what they answered. */
export class InverseOfferBook {
  readonly outstanding = new Map<OfferId, InverseOfferRecord>()
  readonly asked = new Map<string, InverseOfferRecord>()
  /** Pairs that are not asked again yet. */
  readonly refused = new Deadlines<string>()
  readonly answers = new Map<AgentId, Map<FrameworkId, Answer>>()
  /** When to look again; undefined while nothing is scheduled. */
  dueAt: number | undefined

  answersOf(agent: AgentRecord): readonly Answer[] {
    return [...(this.answers.get(agent.id)?.values() ?? [])]
  }
}

/** Asks each framework with resources on a scheduled agent, unless it was asked already. */
export function sendInverseOffers(ctx: Context): void {
  const book = ctx.inverseOffers
  while (book.refused.takeDue(ctx.now) !== undefined);
  const byFramework = new Map<FrameworkRecord, InverseOffer[]>()
  for (const agent of ctx.maintenance.agents) {
    const unavailability = ctx.maintenance.machineOf(agent)?.unavailability
    if (unavailability === undefined || !agent.connected) continue
    for (const framework of frameworksOn(agent)) {
      const pair = pairKey(framework.id, agent.id)
      if (!framework.active || book.asked.has(pair) || book.refused.has(pair)) continue
      const id = ctx.newOfferId()
      const [frameworkId, agentId] = [framework.id, agent.id]
      const record = { id, framework, agent, frameworkId, agentId, unavailability }
      book.outstanding.set(id, record)
      book.asked.set(pair, record)
      const offer = { id, url: agentUrl(agent), frameworkId, agentId, unavailability }
      byFramework.set(framework, [...(byFramework.get(framework) ?? []), offer])
    }
  }
  for (const [framework, inverseOffers] of byFramework)
    ctx.event(framework, { kind: "inverseOffers", inverseOffers })
  book.dueAt = ctx.maintenance.agents.size === 0 ? undefined : ctx.now + INTERVAL_MS
}

/** When frameworks are to be asked: undefined while no agent is scheduled. */
export const inverseOffersDueAt = ({ maintenance, inverseOffers, now }: Context) =>
  maintenance.agents.size === 0 ? undefined : (inverseOffers.dueAt ?? now)

function frameworksOn(agent: AgentRecord): ReadonlySet<FrameworkRecord> {
  const frameworks = new Set<FrameworkRecord>()
  for (const { framework } of agent.tasks) frameworks.add(framework)
  for (const { framework } of agent.executors) frameworks.add(framework)
  for (const { framework } of agent.offers) frameworks.add(framework)
  return frameworks
}

/** ACCEPT_INVERSE_OFFERS, DECLINE_INVERSE_OFFERS: the answer is kept for the operator to read. */
export function answerInverseOffers(
  ctx: Context,
  framework: FrameworkRecord,
  { inverseOfferIds = [], filters }: scheduler.CallAcceptInverseOffers,
  status: "ACCEPT" | "DECLINE",
): void {
  const wanted = filters?.refuseSeconds ?? REFUSE_SECONDS
  const refuseSeconds = wanted >= 0 ? Math.min(wanted, REFUSE_SECONDS_MAX) : REFUSE_SECONDS
  for (const id of inverseOfferIds) {
    const offer = ctx.inverseOffers.outstanding.get(id)
    if (offer?.framework !== framework) {
      ctx.log("warn", "answer to an unknown inverse offer", { framework: framework.id, offer: id })
      continue
    }
    forget(ctx, offer)
    const timestamp = { nanoseconds: ctx.now * 1_000_000 }
    const answers = ctx.inverseOffers.answers.get(offer.agentId) ?? new Map<FrameworkId, Answer>()
    answers.set(framework.id, { status, frameworkId: framework.id, timestamp })
    ctx.inverseOffers.answers.set(offer.agentId, answers)
    if (refuseSeconds > 0)
      ctx.inverseOffers.refused.set(
        pairKey(framework.id, offer.agentId),
        ctx.now + Math.max(refuseSeconds * 1_000, INTERVAL_MS),
      )
  }
}

function forget(ctx: Context, offer: InverseOfferRecord): void {
  ctx.inverseOffers.outstanding.delete(offer.id)
  ctx.inverseOffers.asked.delete(pairKey(offer.frameworkId, offer.agentId))
}

/** Takes back what asks frameworks to leave the agent: it went, or its times changed. */
export function rescindInverseOffersOf(ctx: Context, agent: AgentRecord): void {
  if (ctx.inverseOffers.outstanding.size === 0) return
  for (const offer of ctx.inverseOffers.outstanding.values()) {
    if (offer.agent !== agent) continue
    forget(ctx, offer)
    ctx.event(offer.framework, { kind: "rescindInverseOffer", inverseOfferId: offer.id })
  }
}

/** What was answered for the agent, and when it may be asked again, counts no more. */
export function forgetAnswers(ctx: Context, agent: AgentRecord): void {
  for (const frameworkId of ctx.inverseOffers.answers.get(agent.id)?.keys() ?? [])
    ctx.inverseOffers.refused.clear(pairKey(frameworkId, agent.id))
  ctx.inverseOffers.answers.delete(agent.id)
}

/** The framework starts anew, or revives: it may be asked again at once. */
export function clearInverseFilters(ctx: Context, framework: FrameworkRecord): void {
  for (const [agentId, answers] of ctx.inverseOffers.answers)
    if (answers.has(framework.id)) ctx.inverseOffers.refused.clear(pairKey(framework.id, agentId))
}

/** The framework's stream ended: nothing that it was asked counts. */
export function discardInverseOffersOf(ctx: Context, framework: FrameworkRecord): void {
  clearInverseFilters(ctx, framework)
  for (const offer of ctx.inverseOffers.outstanding.values())
    if (offer.framework === framework) forget(ctx, offer)
}

/** The framework is gone, and so is what it answered. */
export function forgetAnswersOf(ctx: Context, frameworkId: FrameworkId): void {
  for (const [agentId, answers] of ctx.inverseOffers.answers)
    if (answers.delete(frameworkId) && answers.size === 0) ctx.inverseOffers.answers.delete(agentId)
}
