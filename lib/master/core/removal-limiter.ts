import type { AgentId } from "#lib/mesos/index.ts"
import type { Context } from "./context.ts"

/** How many agents may become unreachable in how long (--agent_removal_rate_limit). */
export type RemovalRate = { readonly agents: number; readonly perMs: number }

/**
 * Agents that are to become unreachable, oldest first: at most one per interval when there is a rate,
 * so that a fault that hits many does not end all their tasks before somebody looks.
 */
export class RemovalQueue {
  readonly waiting = new Set<AgentId>()
  readonly #intervalMs: number
  #nextAt = -Infinity

  constructor(rate: RemovalRate | undefined) {
    this.#intervalMs = rate === undefined ? 0 : rate.perMs / rate.agents
  }

  /** When the next agent is due, or undefined when none waits. */
  get dueAt(): number | undefined {
    return this.waiting.size === 0 ? undefined : this.#nextAt
  }

  /** Takes out the next agent if its time has come. */
  take(now: number): AgentId | undefined {
    if (now < this.#nextAt) return undefined
    for (const id of this.waiting) {
      this.waiting.delete(id)
      this.#nextAt = now + this.#intervalMs
      return id
    }
    return undefined
  }
}

/** The agent is to become unreachable when its turn comes, which without a rate is at once. */
export function scheduleRemoval(ctx: Context, id: AgentId): void {
  if (ctx.removals.waiting.has(id)) return
  ctx.removals.waiting.add(id)
  ctx.count("slave_unreachable_scheduled")
}

/** The agent was heard of before its turn came. */
export function cancelRemoval(ctx: Context, id: AgentId): void {
  if (!ctx.removals.waiting.delete(id)) return
  ctx.count("slave_unreachable_canceled")
  ctx.log("info", "agent was heard of before it was given up", { agent: id })
}

/** Gives up the agents whose turn has come. */
export function runRemovals(ctx: Context, giveUp: (id: AgentId) => void): void {
  for (let id = ctx.removals.take(ctx.now); id !== undefined; id = ctx.removals.take(ctx.now)) {
    ctx.count("slave_unreachable_completed")
    giveUp(id)
  }
}
