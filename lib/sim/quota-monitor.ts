import type { MasterView } from "#lib/master/index.ts"
import type { AgentId, OfferId, Resource } from "#lib/mesos/index.ts"
import type { Marks } from "./marks.ts"

type View = Pick<MasterView, "agents" | "offers" | "quotas">
type Limits = ReadonlyMap<string, number>

/** How an agent stood at the last look: what a registration says since then is no allocation. */
type Standing = { readonly agent: object; readonly reregisteredAt: number | undefined }

/**
 * Whether offers keep quotas: counted from what the master shows of its agents, not by its allocator.
 * A role may have more than its limit, because the limit came later, or because an agent came back with
 * what the role runs there; then nothing more is offered to it.
 */
export class QuotaMonitor {
  readonly #marks: Marks
  #view: View | undefined
  #seen: ReadonlySet<OfferId> = new Set()
  #agents: ReadonlyMap<AgentId, Standing> = new Map()
  #limits: ReadonlyMap<string, Limits> = new Map()

  constructor(marks: Marks) {
    this.#marks = marks
  }

  /** Looks at the master after a batch of its inputs: what is wrong with the offers made in it. */
  check(view: View): string | undefined {
    const problem = this.#view === view ? this.#checkNew(view) : undefined
    this.#view = view
    if (view.quotas.size === 0 && this.#limits.size === 0) return problem
    this.#limits = new Map([...view.quotas].map(([role, { limits }]) => [role, limits]))
    this.#seen = new Set(view.offers.keys())
    this.#agents = new Map(
      [...view.agents].map(([id, agent]) => [id, { agent, reregisteredAt: agent.reregisteredAt }]),
    )
    return problem
  }

  #checkNew({ agents, offers, quotas }: View): string | undefined {
    for (const [role, { limits }] of quotas) {
      const earlier = this.#limits.get(role)
      if (earlier === undefined) continue
      const fresh = [...offers.values()].find(
        (offer) => isBelow(offer.role, role) && !this.#seen.has(offer.id),
      )
      if (fresh === undefined) continue
      this.#marks.hit("quota.offered")
      // Agents that said in this batch what they run may have done so after the offers were made.
      const counted = [...agents.values()].filter((agent) => {
        const before = this.#agents.get(agent.id)
        return before?.agent === agent && before.reregisteredAt === agent.reregisteredAt
      })
      for (const [name, limit] of limits) {
        const most = Math.max(limit, earlier.get(name) ?? Infinity)
        const used = counted.reduce((sum, agent) => sum + consumedOn(agent, role, name), 0)
        if (used > most && amountOf(fresh.resources.filter(isUnreserved), name) > 0)
          return `${role} has ${used} of ${name} with offer ${fresh.id}, and ${most} is its limit`
      }
    }
    return undefined
  }
}

type Agent = View["agents"] extends ReadonlyMap<AgentId, infer A> ? A : never

/** Whether a role is the top-level role or one below it. */
const isBelow = (role: string | undefined, top: string): boolean =>
  role === top || role?.startsWith(`${top}/`) === true

/** What is reserved to the role, used or not, and what else it uses and is offered; thousandths. */
function consumedOn({ total, used, offered }: Agent, role: string, name: string): number {
  const reserved = total.filter((each) => isBelow(each.reservations.at(-1)?.role, role))
  const allocated = [...used, ...offered].filter(
    (each) => isUnreserved(each) && isBelow(each.allocationRole, role),
  )
  return amountOf([...reserved, ...allocated], name)
}

const isUnreserved = ({ reservations }: Resource): boolean => reservations.length === 0

function amountOf(resources: Iterable<Resource>, name: string): number {
  let sum = 0
  for (const { name: own, value } of resources)
    if (own === name && value.kind === "scalar") sum += value.milli
  return sum
}
