import {
  addResources,
  applyOperation,
  containsResources,
  equalResources,
  normalizeResources,
  renderResources,
  subtractResources,
  unallocate,
  withoutVolume,
  type AgentId,
  type ApplyOperationMessage,
  type FrameworkId,
  type Operation,
  type OperationStatus,
  type Resource,
  type ResourceOperation,
  type Resources,
} from "#lib/mesos/index.ts"
import { assert } from "#lib/std/assert.ts"
import { err, ok, type Result } from "#lib/std/result.ts"
import { keys, put, remove, type Recovered, type StoredOperation } from "./checkpoint.ts"
import type { IdSource } from "./id-source.ts"
import { say, type TimerKey, type Timers, type Turn } from "./turn.ts"
import type { VolumeRemovals } from "./volume-removals.ts"

/** First wait for an acknowledgement. Source: apache/mesos: src/slave/constants.hpp. */
const RETRY_MIN_MS = 10_000

/** Longest wait for an acknowledgement; waits double up to it. */
const RETRY_MAX_MS = 600_000

/** Operations whose outcome nobody has acknowledged; more are refused. */
const OPERATIONS_MAX = 10_000

/** Acknowledged operations that are still known, so that a late second copy is not applied. */
const ACKNOWLEDGED_MAX = 1_000

/** What operations need of the rest of the agent. */
export type OperationsParts = {
  readonly ids: IdSource
  readonly timers: Timers
  readonly removals: VolumeRemovals
  readonly agentId: () => AgentId | undefined
  /** Resources of tasks that have not ended. */
  readonly inUse: () => Iterable<Resources>
}

type Entry = { stored: StoredOperation; retryMs: number }

/**
 * What the agent has, with the reservations and volumes that were made of it. An operation is applied
 * once and its outcome stored with what it did, before anybody hears of it; the outcome is repeated
 * until it is acknowledged. Nothing is sent while the agent is not registered.
 */
export class Operations {
  readonly #parts: OperationsParts
  /** What the agent was started with. */
  readonly #base: Resources
  #total: Resources
  readonly #entries = new Map<string, Entry>()
  /** Oldest first. A new life needs none: copies come on the link on which the first one came. */
  readonly #acknowledged = new Set<string>()
  #sending = false

  /** Fails an assertion when what was reserved does not fit into `base` any more. */
  constructor(parts: OperationsParts, base: Resources, recovered: Recovered) {
    this.#parts = parts
    this.#base = base
    const [stored] = recovered.resources
    const total = stored === undefined ? ok(base) : rebase(base, stored.resources)
    assert(total.ok, total.ok ? "" : total.error)
    this.#total = total.value
    for (const operation of recovered.operation)
      this.#entries.set(operation.uuid, { stored: operation, retryMs: RETRY_MIN_MS })
  }

  /** Everything the agent has. */
  get total(): Resources {
    return this.#total
  }

  /** What the master is told of it: nothing where it is what the agent was started with. */
  get checkpointed(): Resources {
    return equalResources(this.#total, this.#base) ? [] : this.#total
  }

  /** Operations whose outcome is not acknowledged. */
  get operations(): readonly Operation[] {
    return [...this.#entries.values()].map(({ stored: { uuid, frameworkId, info, status } }) => ({
      ...(frameworkId === undefined ? {} : { frameworkId }),
      agentId: this.#parts.agentId(),
      info,
      latestStatus: status,
      statuses: [status],
      uuid: { value: uuid },
    }))
  }

  /** Applies an operation that the master sent, unless it arrived before. */
  apply(turn: Turn, message: ApplyOperationMessage): void {
    const { uuid, frameworkId, operation } = message
    const known = this.#entries.get(uuid)
    if (known !== undefined) return this.#send(turn, known)
    if (this.#acknowledged.has(uuid)) return
    const applied = this.#perform(turn, operation)
    const { operationId } = message
    const agentId = this.#parts.agentId()
    const status: OperationStatus = {
      ...(operationId === undefined ? {} : { operationId }),
      ...(applied.ok
        ? { state: "OPERATION_FINISHED", convertedResources: applied.value }
        : { state: "OPERATION_ERROR", message: applied.error }),
      uuid: { value: this.#parts.ids.bytes() },
      ...(agentId === undefined ? {} : { agentId }),
    }
    const stored: StoredOperation = {
      uuid,
      ...(frameworkId === undefined ? {} : { frameworkId }),
      info: operation,
      status,
    }
    put(turn, "operation", keys.operation(uuid), stored)
    const entry: Entry = { stored, retryMs: RETRY_MIN_MS }
    this.#entries.set(uuid, entry)
    if (!applied.ok)
      say(turn, "warn", "refuses an operation", {
        operation: operation.kind,
        reason: applied.error,
      })
    this.#send(turn, entry)
  }

  /** The outcome with this uuid was heard; late and foreign ones are ignored. */
  acknowledge(turn: Turn, statusUuid: string): void {
    for (const [uuid, { stored }] of this.#entries)
      if (stored.status.uuid?.value === statusUuid) return this.#forget(turn, uuid)
  }

  /** The framework is gone: nobody will acknowledge. */
  dropFramework(turn: Turn, frameworkId: FrameworkId): void {
    for (const [uuid, { stored }] of this.#entries)
      if (stored.frameworkId === frameworkId) this.#forget(turn, uuid)
  }

  /** The agent is registered: every outcome is told, again where it was told before. */
  resume(turn: Turn): void {
    this.#sending = true
    for (const entry of this.#entries.values()) {
      entry.retryMs = RETRY_MIN_MS
      this.#send(turn, entry)
    }
  }

  /** The agent is not registered any more: nothing is sent until `resume`. */
  pause(): void {
    this.#sending = false
    for (const uuid of this.#entries.keys()) this.#parts.timers.clear(timerOf(uuid))
  }

  /** The wait for an acknowledgement is over: tells once more and doubles the next wait. */
  retry(turn: Turn, uuid: string): void {
    const entry = this.#entries.get(uuid)
    if (entry === undefined) return
    entry.retryMs = Math.min(entry.retryMs * 2, RETRY_MAX_MS)
    this.#send(turn, entry)
  }

  /** What of these resources the agent does not have: reservations or volumes it never heard of. */
  unknown(resources: Resources): Resources {
    const bare = unallocate(resources)
    return bare.filter((resource) => !containsResources(this.#total, [resource]))
  }

  #perform(turn: Turn, operation: ApplyOperationMessage["operation"]): Result<Resources, string> {
    if (operation.kind === "launch" || operation.kind === "launchGroup")
      return err(`${operation.kind} is no operation on resources`)
    if (this.#entries.size >= OPERATIONS_MAX)
      return err(`${OPERATIONS_MAX} operations wait for their acknowledgement already`)
    const applied = applyOperation(this.#total, operation)
    if (!applied.ok) return err(`'${applied.error.field}': ${applied.error.message}`)
    const problem = this.#volumeProblem(operation)
    if (problem !== undefined) return err(problem)
    const { resources, converted } = applied.value
    this.#total = resources
    put(turn, "resources", keys.resources(), { resources })
    if (operation.kind === "destroy") this.#parts.removals.doom(turn, operation.volumes ?? [])
    return ok(converted)
  }

  #volumeProblem(operation: ResourceOperation): string | undefined {
    if (operation.kind !== "destroy") return undefined
    const { removals, inUse } = this.#parts
    for (const volume of operation.volumes ?? [])
      for (const resources of inUse())
        if (removals.concerns(removals.pathOf(volume), resources))
          return `The volume '${String(volume.disk?.persistence?.id)}' is in use by a task`
    return undefined
  }

  #send(turn: Turn, { stored, retryMs }: Entry): void {
    if (!this.#sending) return
    const { uuid, frameworkId, status } = stored
    turn.out.push({
      kind: "send",
      message: {
        kind: "operationUpdate",
        ...(frameworkId === undefined ? {} : { frameworkId }),
        operationUuid: uuid,
        status,
      },
    })
    this.#parts.timers.set(timerOf(uuid), turn.now + retryMs)
  }

  #forget(turn: Turn, uuid: string): void {
    this.#entries.delete(uuid)
    this.#acknowledged.add(uuid)
    for (const oldest of this.#acknowledged) {
      if (this.#acknowledged.size <= ACKNOWLEDGED_MAX) break
      this.#acknowledged.delete(oldest)
    }
    this.#parts.timers.clear(timerOf(uuid))
    remove(turn, keys.operation(uuid))
  }
}

const timerOf = (uuid: string): TimerKey => `operation ${uuid}`

/** The resource as it was before anything was reserved or made of it at run time. */
function original(resource: Resource): Resource {
  return {
    ...withoutVolume(resource),
    reservations: resource.reservations.filter(({ type }) => type === "STATIC"),
  }
}

const isMade = ({ reservations, disk }: Resource): boolean =>
  disk?.persistence !== undefined || reservations.some(({ type }) => type === "DYNAMIC")

/** What was made of the resources of an earlier start, made of those of this one. */
function rebase(base: Resources, stored: Resources): Result<Resources, string> {
  const made = stored.filter(isMade)
  const before = normalizeResources(made.map(original))
  if (containsResources(base, before))
    return ok(addResources(subtractResources(base, before), made))
  return err(
    `the resources ${renderResources(base)} do not hold what is reserved or made into volumes, ${renderResources(normalizeResources(made))}: give the agent the resources it had`,
  )
}
