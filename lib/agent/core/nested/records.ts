import type { ContainerStatus, ExecutorId, FrameworkId } from "#lib/mesos/index.ts"
import type { ContainerId, ContainerSpec } from "#lib/ports/index.ts"
import type { Limitation } from "#lib/agent/core/records.ts"
import type { SandboxLink } from "#lib/agent/core/types.ts"
import type { ContainerPurpose, Termination } from "./calls.ts"

/** Whose executor a container lives in. */
export type ContainerOwner = {
  readonly frameworkId: FrameworkId
  readonly executorId: ExecutorId
}

/** A container that an API client made. Stored under its id, replaced as a whole. */
export type CalledContainer = {
  readonly containerId: ContainerId
  readonly purpose: ContainerPurpose
  readonly spec: ContainerSpec
  readonly directories: readonly string[]
  readonly links: readonly SandboxLink[]
  /** Absent for a standalone container and what lives in it. */
  readonly owner?: ContainerOwner | undefined
  /** Position among all that this agent ever ran. */
  readonly order: number
  readonly state: "launching" | "running" | "ended"
  readonly status?: ContainerStatus | undefined
  /** Set when it is to end: it is killed until it does. */
  readonly doomed?: true | undefined
  /** What it took too much of, where it is to end for that. */
  readonly limitation?: Limitation | undefined
  /** Set when it has ended. */
  readonly termination?: Termination | undefined
}
