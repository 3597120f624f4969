import type { FrameworkId, OperationId, OperationState, OperationStatus } from "#lib/mesos/index.ts"

/** States that only something that really happened, or never will, brings about. */
const OUTCOMES: ReadonlySet<OperationState> = new Set<OperationState>([
  "OPERATION_FINISHED",
  "OPERATION_FAILED",
  "OPERATION_ERROR",
  "OPERATION_DROPPED",
])

/** The outcome of each operation that frameworks heard of: there is one, whoever tells it. */
export class OperationMonitor {
  readonly #outcomes = new Map<string, OperationState>()

  /** A framework is told of an operation: what is wrong with that. */
  heard(
    frameworkId: FrameworkId,
    { operationId, state }: Pick<OperationStatus, "operationId" | "state">,
  ): string | undefined {
    if (operationId === undefined || !OUTCOMES.has(state)) return undefined
    const key = keyOf(frameworkId, operationId)
    const before = this.#outcomes.get(key)
    this.#outcomes.set(key, before ?? state)
    return before === undefined || before === state
      ? undefined
      : `${operationId} was ${before}, then ${state}`
  }
}

const keyOf = (frameworkId: FrameworkId, operationId: OperationId): string =>
  `${frameworkId}/${operationId}`
