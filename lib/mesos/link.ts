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
  Operation,
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
  /**
   * All operations whose status is not acknowledged yet; absent means none. An operation that the
   * master sent and that is neither here nor in `checkpointedResources` never arrived.
   */
  readonly operations?: readonly Operation[] | undefined
  /**
   * Frameworks that the master has ended and this agent has not yet, with what they still use; they
   * are in no other list. Absent means none.
   */
  readonly leaving?:
    | readonly { readonly framework: FrameworkInfo; readonly resources: Resources }[]
    | undefined
}

/**
 * The outcome of an operation. The agent checkpoints the outcome, with what it did to its resources,
 * before it tells it, and repeats it until the status is acknowledged: by the framework when it gave
 * the operation an id, else by the master.
 */
export type OperationUpdateMessage = {
  readonly kind: "operationUpdate"
  /** Of the framework that asked for it; absent for an operator's. */
  readonly frameworkId?: FrameworkId | undefined
  /** The `uuid` of the applyOperation message. */
  readonly operationUuid: string
  /** With the operation's id when it has one, and a uuid of its own, which acknowledges it. */
  readonly status: OperationStatus
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
  /** Nothing is left of a framework that the master ended; the answer to each `shutdownFramework`. */
  | { readonly kind: "frameworkEnded"; readonly frameworkId: FrameworkId }
  | OperationUpdateMessage
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

/**
 * Asks an agent to apply an operation to its resources (`applyOperation`), in the order in which they
 * and launches arrive. One with a uuid that the agent still knows arrived before: it is not applied
 * again, and its status is repeated. One that does not apply is answered OPERATION_ERROR.
 */
export type ApplyOperationMessage = {
  readonly kind: "applyOperation"
  /** The framework that asked for it; absent for an operator's. */
  readonly frameworkId?: FrameworkId | undefined
  /** Set when the framework wants to hear and to acknowledge the outcome. */
  readonly operationId?: OperationId | undefined
  /** Identifies the operation in the whole cluster. Base64 of 16 bytes. */
  readonly uuid: string
  /** Its resources carry allocation roles, which say whose they are. */
  readonly operation: OfferOperation
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
      /** Whether the task's own executor starts with it, or must run already; absent without one. */
      readonly launchExecutor?: boolean | undefined
    }
  | {
      readonly kind: "runTaskGroup"
      readonly framework: FrameworkInfo
      readonly executor: ExecutorInfo
      readonly taskGroup: TaskGroupInfo
      readonly acceptedAt: number
      readonly launchExecutor?: boolean | undefined
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
  | ApplyOperationMessage
  /** The agent may forget the operation whose status has this uuid; unknown ones are ignored. */
  | { readonly kind: "acknowledgeOperation"; readonly uuid: string }
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
  /** The master does not take the agent in as it is now; it goes on trying, and its tasks run on. */
  | { readonly kind: "refused"; readonly message: string }
  /** The master refuses the agent for good: it ends its tasks and exits, saying `message`. */
  | { readonly kind: "shutdown"; readonly message: string }
