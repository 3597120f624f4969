import type { ExecutorId, FrameworkId } from "#lib/mesos/index.ts"
import type { ContainerId } from "./containers.ts"

/** Who an executor is. */
export type ExecutorClaims = {
  readonly frameworkId: FrameworkId
  readonly executorId: ExecutorId
  readonly containerId: ContainerId
}

/** Proof of who an executor is: given to it at its launch, shown with each of its calls. */
export interface ExecutorTokens {
  issue(claims: ExecutorClaims): string
  /** Who shows the token; undefined where this agent has not issued it. */
  read(token: string): ExecutorClaims | undefined
}
