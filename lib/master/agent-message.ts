import { idProblem, type AgentToMaster } from "#lib/mesos/index.ts"
import { err, ok, type Result } from "#lib/std/result.ts"

type Shape = Readonly<Record<string, unknown>>

/**
 * Checks the shape of what came over an agent's link, as far as the master relies on it: a peer that
 * speaks nonsense must lose its link, and not bring the master down. Members that the master only
 * passes on are not looked at.
 */
export function parseAgentMessage(value: unknown): Result<AgentToMaster, string> {
  if (!isObject(value)) return err("a message is not an object")
  const { kind } = value
  const problem = typeof kind === "string" ? problemOf(kind, value) : "a message has no kind"
  return problem === undefined ? ok(value as AgentToMaster) : err(problem)
}

function problemOf(kind: string, message: Shape): string | undefined {
  switch (kind) {
    case "register":
      return registerProblem(message)
    case "update":
      return updateProblem(message)
    case "pong":
      return Number.isSafeInteger(message["sequence"]) ? undefined : "pong: no sequence"
    case "unregister":
      return undefined
    case "operationUpdate":
      return operationUpdateProblem(message)
    case "frameworkEnded":
      return missing(message, ["frameworkId"])
    case "executorMessage":
      return missing(message, ["frameworkId", "executorId", "data"])
    case "executorExited":
      return missing(message, ["frameworkId", "executorId"])
    default:
      return `unknown message '${kind}'`
  }
}

function updateProblem(message: Shape): string | undefined {
  const { status } = message
  if (!isObject(status)) return "update: no status"
  return missing(message, ["frameworkId", "latestState"]) ?? missing(status, ["taskId", "state"])
}

function operationUpdateProblem(message: Shape): string | undefined {
  const { status } = message
  if (!isObject(status)) return "operationUpdate: no status"
  return missing(message, ["operationUuid"]) ?? missing(status, ["state"])
}

/** An operation as the agent tells of it when it registers. */
function operationProblem({ info, latestStatus, uuid }: Shape): string | undefined {
  if (!isObject(info) || !isObject(latestStatus) || !isObject(uuid)) return "not an operation"
  const { kind, subtract } = info
  if (typeof kind !== "string") return "kind is missing or not a text"
  const members = OPERATION_RESOURCES.get(kind)
  if (members === undefined) return `not an operation that agents apply: '${kind}'`
  for (const member of members) {
    const { [member]: value } = info
    const found = resourcesProblem(member, Array.isArray(value) ? value : [value])
    if (found !== undefined) return found
  }
  if (kind === "shrinkVolume" && (!isObject(subtract) || typeof subtract["value"] !== "number"))
    return "subtract is not a scalar"
  if (info["source"] !== undefined) return resourcesProblem("source", info["source"])
  return missing(latestStatus, ["state"]) ?? missing(uuid, ["value"])
}

/** The members of each operation that must be a resource, or a list of them. */
const OPERATION_RESOURCES: ReadonlyMap<string, readonly string[]> = new Map([
  ["reserve", ["resources"]],
  ["unreserve", ["resources"]],
  ["create", ["volumes"]],
  ["destroy", ["volumes"]],
  ["growVolume", ["volume", "addition"]],
  ["shrinkVolume", ["volume"]],
])

function registerProblem(message: Shape): string | undefined {
  const { address, agentId, info } = message
  if (agentId !== undefined) {
    const problem = typeof agentId === "string" ? idProblem(agentId) : "it is not a text"
    if (problem !== undefined) return `register: agentId: ${problem}`
  }
  if (!["string", "undefined"].includes(typeof address)) return "register: address is not a text"
  if (!isObject(info)) return "register: no info"
  if (!Array.isArray(message["capabilities"])) return "register: no capabilities"
  return (
    missing(info, ["hostname"]) ??
    missing(message, ["version"]) ??
    resourcesProblem("info.resources", info["resources"] ?? []) ??
    resourcesProblem("checkpointedResources", message["checkpointedResources"]) ??
    listProblem("frameworks", message["frameworks"], (each) => missing(each, ["id", "name"])) ??
    listProblem(
      "executors",
      message["executors"],
      (each) =>
        missing(each, ["executorId", "frameworkId"]) ??
        resourcesProblem("resources", each["resources"] ?? []),
    ) ??
    listProblem("tasks", message["tasks"], taskProblem) ??
    listProblem("leaving", message["leaving"] ?? [], leavingProblem) ??
    listProblem("operations", message["operations"] ?? [], operationProblem)
  )
}

const leavingProblem = ({ framework, resources }: Shape): string | undefined =>
  isObject(framework)
    ? (missing(framework, ["id", "name"]) ?? resourcesProblem("resources", resources))
    : "framework is missing"

/** Spelled out, because a new leader asks it of every task there is. */
function taskProblem(task: Shape): string | undefined {
  const { taskId, frameworkId, state, resources } = task
  const named =
    typeof taskId === "string" && typeof frameworkId === "string" && typeof state === "string"
  return named
    ? resourcesProblem("resources", resources ?? [])
    : missing(task, ["taskId", "frameworkId", "state"])
}

const resourcesProblem = (field: string, list: unknown): string | undefined =>
  listProblem(field, list, ({ name, value, reservations }) => {
    const complete = typeof name === "string" && isObject(value) && Array.isArray(reservations)
    return complete && isAmount(value) ? undefined : "not a resource"
  })

function isAmount({ kind, milli, ranges, items }: Shape): boolean {
  if (kind === "scalar") return Number.isSafeInteger(milli)
  return kind === "ranges" ? Array.isArray(ranges) : kind === "set" && Array.isArray(items)
}

function listProblem(
  field: string,
  list: unknown,
  problem: (item: Shape) => string | undefined,
): string | undefined {
  if (!Array.isArray(list)) return `register: ${field} is not a list`
  for (const [index, item] of (list as readonly unknown[]).entries()) {
    const found = isObject(item) ? problem(item) : "not an object"
    if (found !== undefined) return `register: ${field}[${index}]: ${found}`
  }
  return undefined
}

function missing(message: Shape, members: readonly string[]): string | undefined {
  for (const member of members)
    if (typeof message[member] !== "string") return `${member} is missing or not a text`
  return undefined
}

const isObject = (value: unknown): value is Shape =>
  typeof value === "object" && value !== null && !Array.isArray(value)
