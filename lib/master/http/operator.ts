import {
  acceptedType,
  contentType,
  decodeMessage,
  encodeMessage,
  readBody,
  type master as v1,
} from "#lib/mesos/index.ts"
import { OPERATOR_CALLS, type OperatorCall } from "#lib/master/core/types.ts"
import type { Admitted } from "./admission.ts"
import { listFilesCall, readFileCall } from "./files.ts"
import type { LazyObject } from "./lazy-json.ts"
import { setLoggingLevel } from "#lib/std/verbosity.ts"
import {
  listAgents,
  listExecutors,
  listFrameworks,
  listRoles,
  listTasks,
  wholeState,
} from "./operator-views.ts"
import { readSettings } from "./operator-settings.ts"
import { serveWatch } from "./operator-stream.ts"
import type { MasterHttpOptions } from "./ports.ts"
import { replyProtobuf } from "./protobuf-reply.ts"
import { replyJson } from "./respond.ts"
import { refuse } from "#lib/std/refuse.ts"
import { seconds } from "./render-framework.ts"

/**
 * POST /api/v1: the operator API. Calls that are not there yet answer 501 with their name.
 * Source: apache/mesos: docs/operator-http-api.md, src/master/http.cpp (Master::Http::api).
 */
export async function serveOperator(
  options: MasterHttpOptions,
  { context, principal }: Admitted,
): Promise<Response> {
  const { req } = context
  const type = contentType(req.raw.headers.get("content-type"))
  if (!type.ok) return refuse(type.error.status, type.error.message)
  const body = await readBody(req.raw, type.value, "mesos.v1.master.Call")
  if (!body.ok) return refuse(400, body.error)
  const decoded = decodeMessage("mesos.v1.master.Call", body.value)
  if (!decoded.ok && decoded.error.code !== "unknownType")
    return refuse(400, `Failed to validate master::Call: ${decoded.error.message}`)
  const accepted = acceptedType(req.raw.headers.get("accept"))
  if (!accepted.ok) return refuse(406, accepted.error)
  if (!decoded.ok) return refuse(501, "Calls of type UNKNOWN are not implemented")
  const call = decoded.value
  if (isOperatorCall(call)) {
    const reply = await options.master.operate(call, principal)
    return refuse(reply.status, reply.message ?? "")
  }
  if (call.kind === "subscribe") return serveWatch(options, req.raw, accepted.value)
  const answer = await readAny(options, call)
  if (answer instanceof Response) return answer
  if (answer === undefined) {
    const named = body.value as { readonly type: string }
    return refuse(501, `The call ${named.type} is not implemented yet`)
  }
  return accepted.value === "application/json"
    ? replyJson(context, answer, options.clock)
    : replyProtobuf("mesos.v1.master.Response", answer, options.clock)
}

const changing: ReadonlySet<string> = new Set(OPERATOR_CALLS)

const isOperatorCall = (call: v1.Call): call is OperatorCall => changing.has(call.kind)

const encode = (response: v1.Response): object =>
  encodeMessage("mesos.v1.master.Response", response, "endpoint")

/** As `read`, of files too; a Response is a refusal. */
async function readAny(
  options: MasterHttpOptions,
  call: v1.Call,
): Promise<object | LazyObject | Response | undefined> {
  if (call.kind === "setLoggingLevel") return setLoggingLevel(options.logVerbosity, call)
  if (call.kind !== "listFiles" && call.kind !== "readFile") return read(options, call)
  const answer = await (call.kind === "listFiles"
    ? listFilesCall(options, call)
    : readFileCall(options, call))
  return answer instanceof Response ? answer : encode(answer)
}

/** The answer of a call that only reads; undefined for all others. */
function read(options: MasterHttpOptions, call: v1.Call): object | LazyObject | undefined {
  const { master, build, flags } = options
  const { view } = master
  switch (call.kind) {
    case "getHealth":
      return encode({ kind: "getHealth", healthy: true })
    case "getVersion":
      return encode({ kind: "getVersion", versionInfo: build })
    case "getFlags": {
      const list = Object.entries(flags).map(([name, value]) => ({ name, value }))
      return encode({ kind: "getFlags", flags: list })
    }
    case "getMetrics": {
      const list = Object.entries(allMetrics(options)).map(([name, value]) => ({ name, value }))
      return encode({ kind: "getMetrics", metrics: list })
    }
    case "getLoggingLevel":
      return encode({ kind: "getLoggingLevel", level: options.logVerbosity?.level() ?? 0 })
    case "getMaster":
      return encode({
        kind: "getMaster",
        masterInfo: view.info,
        startTime: seconds(view.startedAt),
        electedTime: seconds(options.electedAt ?? view.startedAt),
      })
    case "getRoles":
      return encode({ kind: "getRoles", roles: listRoles(view) })
    case "getAgents":
      return listAgents(view)
    case "getFrameworks":
      return listFrameworks(view)
    case "getExecutors":
      return listExecutors(view)
    case "getTasks":
      return listTasks(view)
    case "getState":
      return wholeState(view)
    case "getWeights":
    case "getQuota":
    case "getMaintenanceSchedule":
    case "getMaintenanceStatus":
    case "getOperations":
      return readSettings(view, call)
    default:
      return undefined
  }
}

/** The master's metrics with those of its machine. */
export const allMetrics = (options: MasterHttpOptions): Readonly<Record<string, number>> => ({
  ...options.master.view.metrics(options.clock.now()),
  ...options.master.processMetrics?.(),
  ...options.systemMetrics?.(),
})
