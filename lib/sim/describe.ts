import type { AgentToMaster, MasterToAgent, OperationStatus, scheduler } from "#lib/mesos/index.ts"

/** The messages of a frame for the trace: kinds, and the ids that matter. */
export const describeFrame = (messages: readonly (AgentToMaster | MasterToAgent)[]): string =>
  messages.map(describeMessage).join(", ")

function describeMessage(message: AgentToMaster | MasterToAgent): string {
  switch (message.kind) {
    case "register":
      return `register ${message.agentId ?? "anew"} (${message.tasks.length} tasks)`
    case "registered":
      return `registered ${message.agentId} (reconcile ${message.reconcile.length})`
    case "update":
      return `update ${message.status.taskId} ${message.status.state} (${message.latestState})`
    case "runTask":
      return `runTask ${message.task.taskId}`
    case "killTask":
      return `killTask ${message.taskId}`
    case "acknowledge":
      return `acknowledge ${message.taskId}`
    case "ping":
    case "pong":
      return `${message.kind} ${message.sequence}`
    case "shutdownFramework":
      return `shutdownFramework ${message.frameworkId}`
    case "shutdown":
    case "refused":
      return `${message.kind}: ${message.message}`
    case "operationUpdate":
      return `operationUpdate ${operation(message.status)}`
    case "applyOperation":
      return `applyOperation ${message.operationId ?? message.uuid} ${message.operation.kind}`
    case "unregister":
    case "frameworkEnded":
    case "executorMessage":
    case "executorExited":
    case "runTaskGroup":
    case "acknowledgeOperation":
    case "updateFramework":
    case "shutdownExecutor":
    case "frameworkMessage":
    case "drain":
      return message.kind
    default:
      return message satisfies never
  }
}

/** An event of a scheduler stream for the trace. */
export function describeEvent(event: scheduler.Event): string {
  switch (event.kind) {
    case "subscribed":
      return `subscribed ${event.frameworkId}`
    case "offers":
      return `offers ${(event.offers ?? []).map(({ id }) => id).join(" ")}`
    case "rescind":
      return `rescind ${event.offerId}`
    case "update": {
      const { taskId, state, source, reason } = event.status
      return `update ${taskId} ${state} ${source ?? ""} ${reason ?? ""}`
    }
    case "error":
      return `error: ${event.message}`
    case "updateOperationStatus":
      return `${event.kind} ${operation(event.status)}`
    case "inverseOffers":
    case "rescindInverseOffer":
    case "message":
    case "failure":
    case "heartbeat":
      return event.kind
    default:
      return event satisfies never
  }
}

const operation = ({ operationId, state }: OperationStatus): string =>
  `${operationId ?? "(no id)"} ${state}`
