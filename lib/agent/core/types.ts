import type {
  AgentToMaster,
  CheckStatusInfo,
  ContainerStatus,
  KillPolicy,
  MasterToAgent,
  TaskId,
  TaskInfo,
  TaskState,
  TaskStatusReason,
} from "#lib/mesos/index.ts"
import type { ContainerExit, ContainerId, ContainerSpec } from "#lib/ports/index.ts"
import type { BaseEffect, Wake } from "#lib/runtime/index.ts"

/** What the agent reacts to. */
export type AgentInput =
  | Wake
  | { readonly kind: "linkOpened" }
  | { readonly kind: "linkClosed" }
  | { readonly kind: "message"; readonly message: MasterToAgent }
  | {
      readonly kind: "containerStarted"
      readonly containerId: ContainerId
      readonly status: ContainerStatus
      readonly data?: string | undefined
    }
  | {
      readonly kind: "containerFailed"
      readonly containerId: ContainerId
      readonly reason: TaskStatusReason
      readonly message: string
    }
  | {
      readonly kind: "containerExited"
      readonly containerId: ContainerId
      readonly exit: ContainerExit
    }
  /** One finished health check or check of a task. */
  | {
      readonly kind: "healthResult"
      readonly containerId: ContainerId
      readonly healthy: boolean
      readonly message: string
    }
  | {
      readonly kind: "checkResult"
      readonly containerId: ContainerId
      readonly status: CheckStatusInfo
    }
  /** The driver removed a sandbox that `removeSandbox` named. */
  | { readonly kind: "sandboxRemoved"; readonly path: string }
  /** Share of the work directory's file system in use, in [0, 1]. */
  | { readonly kind: "diskUsage"; readonly used: number }

/** What the agent asks its driver to do, beyond the base effects. */
export type AgentEffect =
  | BaseEffect
  | { readonly kind: "send"; readonly message: AgentToMaster }
  /** Fetch URIs, prepare the sandbox, start the container; answered by containerStarted or containerFailed. */
  | { readonly kind: "launch"; readonly spec: ContainerSpec }
  /** Find a container of an earlier life of the agent; answered by containerStarted or containerExited. */
  | { readonly kind: "recover"; readonly spec: ContainerSpec }
  /** Signal the container's processes: SIGTERM, or SIGKILL when `force`. */
  | {
      readonly kind: "kill"
      readonly containerId: ContainerId
      readonly force: boolean
      readonly policy?: KillPolicy | undefined
    }
  /** Begin or end running the task's health check and check against the container. */
  | { readonly kind: "startChecks"; readonly containerId: ContainerId; readonly task: TaskInfo }
  | { readonly kind: "stopChecks"; readonly containerId: ContainerId }
  /** The container's records may go (pid and status files, the Docker container); its sandbox stays. */
  | { readonly kind: "forget"; readonly spec: ContainerSpec }
  | { readonly kind: "removeSandbox"; readonly path: string }
  /** The agent must end: the master refused it. */
  | { readonly kind: "exit"; readonly message: string }

/** A task as the agent's own API shows it. */
export type AgentTaskView = { readonly taskId: TaskId; readonly state: TaskState }
