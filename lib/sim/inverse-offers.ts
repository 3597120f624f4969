import type { MasterDriver } from "#lib/master/index.ts"
import type { AgentId, FrameworkId, InverseOffer, OfferId, scheduler } from "#lib/mesos/index.ts"
import type { Random } from "#lib/std/random.ts"
import type { MasterAt } from "./stream.ts"
import { between, type World } from "./world.ts"

/** How long a framework may think before it says whether it will leave an agent. */
const THINK_MAX_MS = 4_000

/** Longest time for which it does not want to be asked again. */
const REFUSE_MAX_S = 20

/** By then a framework has heard of all that happened before its answer was replied to. */
const HEARD_MS = 1_000

/** The answer to an inverse offer. */
export type InverseAnswer = Extract<
  scheduler.Call,
  { readonly kind: "acceptInverseOffers" | "declineInverseOffers" }
>

/** What the framework is, and how it speaks to the master. */
type Desk = {
  readonly world: World
  readonly random: Random
  readonly master: MasterAt
  readonly frameworkId: () => FrameworkId | undefined
  /** Does something later in the present life, if the stream is the same then. */
  readonly later: (ms: number, act: () => void) => void
  /** Sends the answer; resolves with the status of its reply. */
  readonly send: (answer: InverseAnswer) => Promise<{ readonly status: number }> | undefined
}

/** Answers what asks a framework to leave agents before their maintenance; some it never answers. */
export class InverseOffers {
  readonly #desk: Desk
  readonly #waiting = new Map<OfferId, InverseOffer>()
  /** Of the present stream. */
  readonly #rescinded = new Set<OfferId>()

  constructor(desk: Desk) {
    this.#desk = desk
  }

  /** A new stream: the master asks anew. */
  clear(): void {
    this.#waiting.clear()
    this.#rescinded.clear()
  }

  rescinded(id: OfferId): void {
    this.#rescinded.add(id)
    if (this.#waiting.delete(id)) this.#desk.world.marks.hit("inverseOffer.rescinded")
  }

  asked(offers: readonly InverseOffer[]): void {
    const { random, later } = this.#desk
    for (const offer of offers) {
      this.#waiting.set(offer.id, offer)
      if (random.chance(0.8))
        later(between(random, 0, THINK_MAX_MS), () => {
          if (this.#waiting.delete(offer.id)) this.#answer(offer)
        })
    }
  }

  #answer(offer: InverseOffer): void {
    const { world, random, master, send, later } = this.#desk
    const accepts = random.chance(0.5)
    world.marks.hit(accepts ? "inverseOffer.accepted" : "inverseOffer.declined")
    const at = master()
    const agent = at?.driver.view.agents.get(offer.agentId ?? NOWHERE)
    const answer: InverseAnswer = {
      kind: accepts ? "acceptInverseOffers" : "declineInverseOffers",
      inverseOfferIds: [offer.id],
      filters: { refuseSeconds: between(random, 0, REFUSE_MAX_S) },
    }
    void send(answer)?.then(({ status }) => {
      if (status !== 202 || at === undefined || agent === undefined) return
      later(HEARD_MS, () => {
        const { view } = at.driver
        // The same agent with the same times, and nothing taken back: the answer counts.
        if (at.life.over || this.#rescinded.has(offer.id) || view.agents.get(agent.id) !== agent)
          return
        if (isScheduled(view, offer)) this.#checkAnswer(view, offer, agent.info.hostname)
      })
    })
  }

  #checkAnswer(view: View, { id }: InverseOffer, hostname: string): void {
    const { world, frameworkId } = this.#desk
    const own = frameworkId()
    if (own === undefined || !view.frameworks.has(own)) return
    if (view.inverseOffers.has(id) || !isAnswered(view, hostname, own))
      world.monitor.broken("an answer counts", `the answer to ${id} is not shown`)
  }
}

/** An agent that there is not. */
const NOWHERE = "" as AgentId

type View = MasterDriver["view"]

/** Whether maintenance at the times that the inverse offer names is still to come. */
const isScheduled = ({ agents, maintenance }: View, offer: InverseOffer): boolean =>
  [...maintenance.machines.values()].some(
    ({ id, mode, unavailability }) =>
      mode === "DRAINING" &&
      id.hostname === (offer.agentId && agents.get(offer.agentId)?.info.hostname) &&
      JSON.stringify(unavailability) === JSON.stringify(offer.unavailability),
  )

const isAnswered = (view: View, hostname: string, frameworkId: FrameworkId): boolean =>
  (view.maintenanceStatus().drainingMachines ?? []).some(
    ({ id, statuses = [] }) =>
      id.hostname === hostname && statuses.some((each) => each.frameworkId === frameworkId),
  )

/** What is wrong with what the master asks frameworks: only for machines whose maintenance is to come. */
export function inverseOffersProblem({
  agents,
  inverseOffers,
  maintenance,
}: View): string | undefined {
  for (const { id, agentId, unavailability } of inverseOffers.values()) {
    const hostname = agents.get(agentId)?.info.hostname
    const machine = [...maintenance.machines.values()].find((each) => each.id.hostname === hostname)
    if (machine?.mode !== "DRAINING") return `${id} is for ${agentId}, which is not to be drained`
    if (JSON.stringify(machine.unavailability) !== JSON.stringify(unavailability))
      return `${id} names times that are not in the schedule`
  }
  return undefined
}
