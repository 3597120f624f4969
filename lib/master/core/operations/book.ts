import {
  conversionOf,
  isSpeculative,
  type AgentId,
  type Conversion,
  type FrameworkId,
  type Operation,
  type OperationId,
  type OperationState,
  type OperationStatus,
  type ResourceOperation,
} from "#lib/mesos/index.ts"
import { assert } from "#lib/std/assert.ts"

/** Operations of one agent that are not acknowledged; more are refused. */
export const OPERATIONS_PER_AGENT_MAX = 10_000

/** What the master keeps of an operation until its outcome is acknowledged: the message of the API. */
export class OperationRecord implements Operation {
  readonly uuid: { readonly value: string }
  /** Absent for an operator's. */
  readonly frameworkId: FrameworkId | undefined
  readonly agentId: AgentId
  /** Its resources carry their allocation role when they are a framework's. */
  readonly info: ResourceOperation
  readonly conversion: Conversion
  latestStatus: OperationStatus
  readonly statuses: OperationStatus[] = []
  /**
   * Whether what it consumes still counts as allocated to the framework: until an operation that is
   * not speculative has had its effect. All others had theirs in the books when they were sent.
   */
  held: boolean

  constructor(operation: {
    readonly uuid: string
    readonly frameworkId: FrameworkId | undefined
    readonly agentId: AgentId
    readonly info: ResourceOperation
    readonly conversion: Conversion
    readonly held: boolean
  }) {
    const { info, agentId } = operation
    this.uuid = { value: operation.uuid }
    this.frameworkId = operation.frameworkId
    this.agentId = agentId
    this.info = info
    this.conversion = operation.conversion
    this.held = operation.held
    this.latestStatus = {
      ...(info.id === undefined ? {} : { operationId: info.id }),
      state: "OPERATION_PENDING",
      agentId,
    }
  }

  get pending(): boolean {
    return !isTerminal(this.latestStatus.state)
  }
}

/** Whether no other state follows. */
export const isTerminal = (state: OperationState): boolean =>
  state === "OPERATION_FINISHED" ||
  state === "OPERATION_FAILED" ||
  state === "OPERATION_ERROR" ||
  state === "OPERATION_DROPPED" ||
  state === "OPERATION_GONE_BY_OPERATOR"

/** All operations whose outcome is not acknowledged, found by what asks for them. */
export class OperationBook {
  readonly #byUuid = new Map<string, OperationRecord>()
  readonly #byAgent = new Map<AgentId, Set<OperationRecord>>()
  readonly #byId = new Map<FrameworkId, Map<OperationId, OperationRecord>>()

  /** By uuid, oldest first. */
  get all(): ReadonlyMap<string, OperationRecord> {
    return this.#byUuid
  }

  get(uuid: string): OperationRecord | undefined {
    return this.#byUuid.get(uuid)
  }

  /** The framework's operation of this id. */
  named(frameworkId: FrameworkId, id: OperationId): OperationRecord | undefined {
    return this.#byId.get(frameworkId)?.get(id)
  }

  /** The framework's operations that have an id. */
  namedBy(frameworkId: FrameworkId): Iterable<OperationRecord> {
    return this.#byId.get(frameworkId)?.values() ?? []
  }

  ofAgent(agentId: AgentId): ReadonlySet<OperationRecord> {
    return this.#byAgent.get(agentId) ?? NONE
  }

  /** Those of the framework, with and without an id; costs a pass over all. */
  ofFramework(frameworkId: FrameworkId): readonly OperationRecord[] {
    return [...this.#byUuid.values()].filter((operation) => operation.frameworkId === frameworkId)
  }

  add(operation: OperationRecord): void {
    const { agentId, frameworkId, info, uuid } = operation
    assert(!this.#byUuid.has(uuid.value), `operation ${uuid.value} is there already`)
    this.#byUuid.set(uuid.value, operation)
    const onAgent = this.#byAgent.get(agentId) ?? new Set()
    this.#byAgent.set(agentId, onAgent.add(operation))
    if (frameworkId === undefined || info.id === undefined) return
    const named = this.#byId.get(frameworkId) ?? new Map<OperationId, OperationRecord>()
    this.#byId.set(frameworkId, named.set(info.id, operation))
  }

  remove(operation: OperationRecord): void {
    const { agentId, frameworkId, info, uuid } = operation
    assert(this.#byUuid.delete(uuid.value), `operation ${uuid.value} is not there`)
    const onAgent = this.#byAgent.get(agentId)
    onAgent?.delete(operation)
    if (onAgent?.size === 0) this.#byAgent.delete(agentId)
    if (frameworkId === undefined || info.id === undefined) return
    const named = this.#byId.get(frameworkId)
    if (named?.get(info.id) === operation) named.delete(info.id)
    if (named?.size === 0) this.#byId.delete(frameworkId)
  }

  /** Fails an assertion unless every operation is found in each way. Costs a pass: for tests. */
  checkInvariants(): void {
    let onAgents = 0
    for (const operations of this.#byAgent.values()) onAgents += operations.size
    assert(onAgents === this.#byUuid.size, "an operation is on no agent, or on two")
    for (const operation of this.#byUuid.values()) {
      const { uuid, info, held } = operation
      assert(conversionOf(info).ok, `operation ${uuid.value} is invalid`)
      assert(!held || operation.pending, `operation ${uuid.value} ended and holds resources`)
      assert(!held || !isSpeculative(info), `operation ${uuid.value} had its effect already`)
    }
  }
}

const NONE: ReadonlySet<OperationRecord> = new Set()
