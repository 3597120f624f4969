import {
  decodeMessage,
  parseResourceJson,
  type AgentId,
  type FrameworkId,
  type master as v1,
  type Resource,
} from "#lib/mesos/index.ts"
import type { OperatorCall } from "#lib/master/core/types.ts"
import { err, ok, type Result } from "#lib/std/result.ts"

/** A call of the operator API from the body of an older endpoint; the rejection is for status 400. */
type Translate = (body: string, path: string) => Result<OperatorCall, string>

/** An endpoint that changes something, with the method that does. */
export type Action = { readonly method: "POST" | "PUT" | "DELETE"; readonly translate: Translate }

/**
 * The older endpoints that change something, each as a call of the operator API. Bodies are forms
 * unless told otherwise. Source: apache/mesos: src/master/http.cpp, quota_handler.cpp,
 * weights_handler.cpp.
 */
export const ACTIONS: Readonly<Record<string, Action>> = {
  "/teardown": post((form) => {
    const id = form.get("frameworkId")
    if (!id) return err("Missing 'frameworkId' query parameter in the request body")
    return ok({ kind: "teardown", frameworkId: id as FrameworkId })
  }),
  "/reserve": post((form) =>
    onAgent(form, "resources", (agentId, resources) => {
      const source = form.get("source")
      if (source === null) return ok({ kind: "reserveResources", agentId, resources })
      const parsed = parseList(source, "source")
      return parsed.ok
        ? ok({ kind: "reserveResources", agentId, resources, source: parsed.value })
        : parsed
    }),
  ),
  "/unreserve": post((form) =>
    onAgent(form, "resources", (agentId, resources) =>
      ok({ kind: "unreserveResources", agentId, resources }),
    ),
  ),
  "/create-volumes": post((form) =>
    onAgent(form, "volumes", (agentId, volumes) => ok({ kind: "createVolumes", agentId, volumes })),
  ),
  "/destroy-volumes": post((form) =>
    onAgent(form, "volumes", (agentId, volumes) =>
      ok({ kind: "destroyVolumes", agentId, volumes }),
    ),
  ),
  "/machine/down": json("startMaintenance", "START_MAINTENANCE", (machines) => ({ machines })),
  "/machine/up": json("stopMaintenance", "STOP_MAINTENANCE", (machines) => ({ machines })),
}

/** The writing half of `/maintenance/schedule`. */
export const setSchedule: Action = json(
  "updateMaintenanceSchedule",
  "UPDATE_MAINTENANCE_SCHEDULE",
  (schedule) => ({ schedule }),
)

/** The writing half of `/weights`. */
export const setWeights: Action = {
  ...json("updateWeights", "UPDATE_WEIGHTS", (weights) => ({ weight_infos: weights })),
  method: "PUT",
}

/** The writing half of `/quota`. */
export const setQuota: Action = json("setQuota", "SET_QUOTA", (request) => ({
  quota_request: request,
}))

/** `DELETE /quota/<role>`. */
export const removeQuota: Action = {
  method: "DELETE",
  translate: (_body, path) => {
    const role = decodedRole(path.slice(path.indexOf("/quota/") + "/quota/".length))
    return role === ""
      ? err("Expecting a role in the path: DELETE /quota/<role>")
      : ok({ kind: "removeQuota", role })
  },
}

/** The role that a path names; none when its percent signs make no text. */
function decodedRole(encoded: string): string {
  try {
    return decodeURIComponent(encoded)
  } catch {
    return ""
  }
}

function post(translate: (form: URLSearchParams) => Result<OperatorCall, string>): Action {
  return { method: "POST", translate: (body) => translate(new URLSearchParams(body)) }
}

/** An endpoint whose body is JSON: the message of the call, under its member. */
function json(
  kind: OperatorCall["kind"],
  type: v1.CallType,
  members: (body: unknown) => object,
): Action {
  return {
    method: "POST",
    translate: (body) => {
      const parsed = parseJson(body, "the request body")
      if (!parsed.ok) return parsed
      const call = { type, [type.toLowerCase()]: members(parsed.value) }
      const decoded = decodeMessage("mesos.v1.master.Call", call)
      if (!decoded.ok) return err(`Failed to parse the request body: ${decoded.error.message}`)
      return decoded.value.kind === kind
        ? ok(decoded.value)
        : err("Failed to parse the request body")
    },
  }
}

function onAgent(
  form: URLSearchParams,
  member: "resources" | "volumes",
  make: (agentId: AgentId, list: readonly Resource[]) => Result<OperatorCall, string>,
): Result<OperatorCall, string> {
  const agentId = form.get("slaveId")
  if (!agentId) return err("Missing 'slaveId' query parameter in the request body")
  const text = form.get(member)
  if (text === null) return err(`Missing '${member}' query parameter in the request body`)
  const list = parseList(text, member)
  return list.ok ? make(agentId as AgentId, list.value) : list
}

function parseList(text: string, member: string): Result<readonly Resource[], string> {
  const parsed = parseJson(text, `'${member}'`)
  if (!parsed.ok) return parsed
  if (!Array.isArray(parsed.value))
    return err(`Error in parsing '${member}' query parameter in the request body: not an array`)
  const resources = parseResourceJson(parsed.value)
  return resources.ok
    ? ok(resources.value)
    : err(
        `Error in parsing '${member}' query parameter in the request body: ${resources.error.message}`,
      )
}

function parseJson(text: string, what: string): Result<unknown, string> {
  try {
    return ok(JSON.parse(text) as unknown)
  } catch {
    return err(`Failed to parse ${what} as JSON`)
  }
}
