import { base64Length, type scheduler } from "#lib/mesos/index.ts"

/** Bytes of a UUID. */
const UUID_BYTES = 16

/**
 * Why a call is invalid by itself, or undefined; `authenticated` is the principal of who sends it.
 * Source: apache/mesos: src/master/validation.cpp (scheduler::call::validate).
 */
export function callProblem(
  call: scheduler.Call,
  authenticated: string | undefined,
): string | undefined {
  if (call.kind === "subscribe") return subscribeProblem(call, authenticated)
  if (call.frameworkId === undefined) return "Expecting 'framework_id' to be present"
  switch (call.kind) {
    case "updateFramework":
      return call.frameworkId === call.frameworkInfo.id
        ? undefined
        : "'framework_id' differs from 'update_framework.framework_info.id'"
    case "acknowledge":
      return uuidProblem("acknowledge.uuid", call.uuid)
    case "acknowledgeOperationStatus":
      if (call.agentId === undefined)
        return "Expecting 'acknowledge_operation_status.agent_id' to be present"
      return uuidProblem("acknowledge_operation_status.uuid", call.uuid)
    default:
      return undefined
  }
}

function subscribeProblem(
  { frameworkId, frameworkInfo: { id, principal } }: scheduler.Call & { kind: "subscribe" },
  authenticated: string | undefined,
): string | undefined {
  if (frameworkId !== id) return "'framework_id' differs from 'subscribe.framework_info.id'"
  return authenticated === undefined || principal === undefined || principal === authenticated
    ? undefined
    : `Authenticated principal '${authenticated}' does not match principal '${principal}' set in \`FrameworkInfo\``
}

const uuidProblem = (field: string, uuid: string): string | undefined =>
  base64Length(uuid) === UUID_BYTES ? undefined : `'${field}' is not a valid UUID of 16 bytes`
