import type { AgentId, AgentInfo, AgentToMaster, RegisterMessage } from "#lib/mesos/index.ts"
import { keys, put } from "./checkpoint.ts"
import type { IdSource } from "./id-source.ts"
import { say, type Timers, type Turn } from "./turn.ts"
import type { AgentIdentity } from "./types.ts"

/** Longest wait between two attempts. Source: apache/mesos: src/slave/constants.hpp. */
const REGISTER_RETRY_MAX_MS = 60_000

/** What registration needs of the agent. */
export type RegistrationParts = {
  readonly ids: IdSource
  readonly timers: Timers
  readonly info: AgentInfo
  readonly bootId: string | undefined
  /** Most time between losing the master and registering again; the first retry doubles it. */
  readonly backoffMs: number
  /** What the agent says of itself and of all it runs, when it is said. */
  readonly describe: () => RegisterMessage
}

/**
 * Keeps the agent registered: registers when the link opens, repeats with backoff until the master
 * answers, and opens the link anew when the master's pings stay away.
 */
export class Registration {
  readonly #parts: RegistrationParts
  #identity: AgentIdentity | undefined
  #state: "unlinked" | "registering" | "registered" = "unlinked"
  #retryMs = 0
  #pingTimeoutMs = 0
  /** What was told since the last attempt: a master that has not admitted the agent does not listen. */
  #unheard: AgentToMaster[] = []
  /** Whether a link was ever lost in this life; only then a herd of agents registers at once. */
  #lost = false

  constructor(parts: RegistrationParts, stored: AgentIdentity | undefined) {
    this.#parts = parts
    this.#identity = stored
  }

  /** The id the master gave, if it has given one. */
  get agentId(): AgentId | undefined {
    return this.#identity?.agentId
  }

  /** Whether the master of the open link knows this agent. */
  get registered(): boolean {
    return this.#state === "registered"
  }

  /** The link is open: registers at once, or after a random wait when a master was lost. */
  opened(turn: Turn): void {
    const { backoffMs, ids, timers } = this.#parts
    this.#state = "registering"
    this.#retryMs = Math.max(backoffMs, 1)
    timers.clear("ping")
    if (this.#lost && backoffMs > 0) timers.set("register", turn.now + ids.below(backoffMs))
    else this.attempt(turn)
  }

  /** The link is closed; the link itself opens again. */
  closed(): void {
    this.#state = "unlinked"
    this.#unheard = []
    this.#lost = true
    this.#parts.timers.clear("register")
    this.#parts.timers.clear("ping")
  }

  /** Registers, and again after a wait that doubles from one attempt to the next. */
  attempt(turn: Turn): void {
    if (this.#state !== "registering") return
    this.#unheard = []
    turn.out.push({ kind: "send", message: this.#parts.describe() })
    this.#retryMs = Math.min(this.#retryMs * 2, REGISTER_RETRY_MAX_MS)
    this.#parts.timers.set("register", turn.now + this.#retryMs)
  }

  /**
   * Tells the master of a change to what the last attempt described: at once, and again when the
   * agent is admitted, because the master may have seen nothing of it.
   */
  tell(turn: Turn, message: AgentToMaster): void {
    if (this.#state === "registering") this.#unheard.push(message)
    turn.out.push({ kind: "send", message })
  }

  /** The master has admitted the agent. False when the message belongs to a link that is gone. */
  admitted(turn: Turn, agentId: AgentId, pingTimeoutMs: number): boolean {
    if (this.#state === "unlinked") return false
    if (this.#state !== "registered") say(turn, "info", "registered", { agent: agentId })
    this.#state = "registered"
    this.#pingTimeoutMs = pingTimeoutMs
    this.#parts.timers.clear("register")
    this.#parts.timers.set("ping", turn.now + pingTimeoutMs)
    for (const message of this.#unheard.splice(0)) turn.out.push({ kind: "send", message })
    const info: AgentInfo = { ...this.#parts.info, id: agentId }
    const { bootId } = this.#parts
    this.#identity = { agentId, info, ...(bootId === undefined ? {} : { bootId }) }
    put(turn, "identity", keys.identity(), this.#identity)
    return true
  }

  /** The master asks whether the agent lives. */
  pinged(turn: Turn, sequence: number): void {
    if (this.#state === "unlinked") return
    turn.out.push({ kind: "send", message: { kind: "pong", sequence } })
    if (this.#state === "registered") this.#parts.timers.set("ping", turn.now + this.#pingTimeoutMs)
  }

  /** No ping for too long: the master may be gone, or have given the agent up. */
  pingsMissed(turn: Turn): void {
    if (this.#state !== "registered") return
    this.closed()
    const reason = `no ping from the master for ${this.#pingTimeoutMs / 1000} seconds`
    say(turn, "warn", `${reason}: reconnecting`)
    turn.out.push({ kind: "relink", reason })
  }
}
