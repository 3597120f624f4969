import type {
  agent as v1,
  CommandInfo,
  ContainerInfo,
  Resources,
  ValueScalar,
} from "#lib/mesos/index.ts"
import type { ContainerId, ContainerSpec } from "#lib/ports/index.ts"

/** Why a container was made: decides where it lives and what ends it. */
export type ContainerPurpose =
  /** In a container, with a sandbox of its own inside its parent's. */
  | "nested"
  /** In no container and of no framework. */
  | "standalone"
  /** Wholly inside its parent, for one client: it ends when that client goes. */
  | "session"

/** What a launch asks for. */
export type LaunchRequest = {
  readonly kind: "launch"
  readonly purpose: ContainerPurpose
  readonly containerId: ContainerId
  readonly command?: CommandInfo | undefined
  readonly container?: ContainerInfo | undefined
  /** As they came, neither checked nor normal. */
  readonly resources?: Resources | undefined
  readonly limits?: Readonly<Record<string, ValueScalar>> | undefined
}

/** What API clients ask of containers. */
export type ContainerCall =
  | LaunchRequest
  /** Answered when the container has ended. */
  | { readonly kind: "wait"; readonly containerId: ContainerId }
  | { readonly kind: "kill"; readonly containerId: ContainerId; readonly signal: number }
  /** Answered when its sandbox is gone. */
  | { readonly kind: "remove"; readonly containerId: ContainerId }
  /** The client of a session goes, and the session is to go on without one. */
  | { readonly kind: "leave"; readonly containerId: ContainerId }
  /** Asks for the standard streams of a container. */
  | { readonly kind: "attach"; readonly containerId: ContainerId }

/** Numbers a call among those of one life of the agent. */
export type CallNumber = number

/** How a container ended, as WAIT_CONTAINER tells it. */
export type Termination = v1.ResponseWaitContainer

/** The answer to a call; each call gets one at most. */
export type ContainerAnswer =
  | { readonly kind: "done" }
  /** A container of that id was launched before. */
  | { readonly kind: "exists" }
  | { readonly kind: "ended"; readonly termination: Termination }
  /** Attach to this one. A session that was launched lives until `callGone` of its call. */
  | {
      readonly kind: "streams"
      readonly spec: ContainerSpec
      readonly session?: CallNumber | undefined
    }
  | {
      readonly kind: "refused"
      readonly status: 400 | 404 | 500
      readonly message: string
    }

/** Refuses a call. */
export const refused = (status: 400 | 404 | 500, message: string): ContainerAnswer => ({
  kind: "refused",
  status,
  message,
})
