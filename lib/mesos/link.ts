/**
 * The messages between an agent and the master, one JSON array of them per WebSocket frame. They are
 * ours alone (Mesos uses libprocess messages here), so ids, resources and states keep their internal
 * form and no codec runs. Changes are additive: an older peer ignores members it does not know.
 */
import type { AgentId, ExecutorId, FrameworkId, OperationId, TaskId } from "./ids.ts"
import type { Resources } from "./resource.ts"
import type {
  AgentInfo,
  AgentInfoCapabilityType,
  DrainConfig,
  ExecutorInfo,
  FrameworkInfo,
  KillPolicy,
  OperationStatus,
  Task,
  TaskGroupInfo,
  TaskInfo,
  TaskState,
  TaskStatus,
} from "./v1/core.ts"
import type { OfferOperation } from "./v1/core.ts"

/** What an agent says of itself and of all it runs, each time its link opens. */
export type RegisterMessage = {
  readonly kind: "register"
  /** The id the agent already has; absent at its very first registration. */
  readonly agentId?: AgentId | undefined
  readonly info: AgentInfo
  /** The IP address at which others reach the agent; absent, the one that its link comes from. */
  readonly address?: string | undefined
  /** Version of the agent's software, such as "1.12.0". */
  readonly version: string
  readonly capabilities: readonly AgentInfoCapabilityType[]
  /** Resources with dynamic reservations and volumes applied: what the agent checkpointed. */
  readonly checkpointedResources: Resources
  readonly frameworks: readonly FrameworkInfo[]
  readonly executors: readonly ExecutorInfo[]
  /** All tasks that are not terminal, or whose terminal status is not acknowledged yet. */
  readonly tasks: readonly Task[]
}

/** A task's status on its way to the framework; repeated until the framework acknowledges it. */
export type UpdateMessage = {
  readonly kind: "update"
  readonly frameworkId: FrameworkId
  /** The update itself; carries a uuid exactly if it must be acknowledged. */
  readonly status: TaskStatus
  /** The newest state of the task, which may be ahead of `status.state`. */
  readonly latestState: TaskState
}

/** What an agent sends to the master. */
export type AgentToMaster =
  | RegisterMessage
  | UpdateMessage
  | { readonly kind: "pong"; readonly sequence: number }
  | { readonly kind: "unregister" }
  | {
      readonly kind: "operationUpdate"
      readonly frameworkId?: FrameworkId | undefined
      readonly status: OperationStatus
    }
  | {
      readonly kind: "executorMessage"
      readonly frameworkId: FrameworkId
      readonly executorId: ExecutorId
      /** Base64. */
      readonly data: string
    }
  | {
      readonly kind: "executorExited"
      readonly frameworkId: FrameworkId
      readonly executorId: ExecutorId
      /** Wait status; -1 when unknown. */
      readonly status: number
    }

/** What the master sends to an agent. */
export type MasterToAgent =
  | {
      readonly kind: "registered"
      readonly agentId: AgentId
      /** Milliseconds without a ping after which the agent looks for the master again. */
      readonly pingTimeoutMs: number
      /** Tasks that the master believes are there and the agent did not name. */
      readonly reconcile: readonly {
        readonly frameworkId: FrameworkId
        readonly taskId: TaskId
        /** Whether the framework knows TASK_DROPPED; absent, the agent decides by what it knows. */
        readonly partitionAware?: boolean | undefined
      }[]
    }
  | { readonly kind: "ping"; readonly sequence: number }
  | {
      readonly kind: "runTask"
      readonly framework: FrameworkInfo
      readonly task: TaskInfo
      /** Milliseconds since the Unix epoch at which the master accepted the launch. */
      readonly acceptedAt: number
    }
  | {
      readonly kind: "runTaskGroup"
      readonly framework: FrameworkInfo
      readonly executor: ExecutorInfo
      readonly taskGroup: TaskGroupInfo
      readonly acceptedAt: number
    }
  | {
      readonly kind: "killTask"
      readonly frameworkId: FrameworkId
      readonly taskId: TaskId
      readonly killPolicy?: KillPolicy | undefined
    }
  | {
      readonly kind: "acknowledge"
      readonly frameworkId: FrameworkId
      readonly taskId: TaskId
      /** Base64 of 16 bytes, as in the status. */
      readonly uuid: string
    }
  | {
      readonly kind: "applyOperation"
      readonly frameworkId?: FrameworkId | undefined
      readonly operationId?: OperationId | undefined
      readonly uuid: string
      readonly operation: OfferOperation
    }
  | {
      readonly kind: "acknowledgeOperation"
      readonly uuid: string
      readonly operationId: OperationId
    }
  | { readonly kind: "updateFramework"; readonly framework: FrameworkInfo }
  | { readonly kind: "shutdownFramework"; readonly frameworkId: FrameworkId }
  | {
      readonly kind: "shutdownExecutor"
      readonly frameworkId: FrameworkId
      readonly executorId: ExecutorId
    }
  | {
      readonly kind: "frameworkMessage"
      readonly frameworkId: FrameworkId
      readonly executorId: ExecutorId
      /** Base64. */
      readonly data: string
    }
  | { readonly kind: "drain"; readonly config: DrainConfig }
  /** The master refuses the agent for good: it ends its tasks and exits, saying `message`. */
  | { readonly kind: "shutdown"; readonly message: string }
