import { encodeMessage, loadProtobuf, type agent as v1, type MediaType } from "#lib/mesos/index.ts"
import { refuse } from "#lib/std/refuse.ts"
import { setLoggingLevel } from "#lib/std/verbosity.ts"
import { listCalled } from "./called-containers.ts"
import type { ContainerUsage } from "./container-statistics.ts"
import { serveContainers } from "./containers.ts"
import { listFiles, readPart } from "./files.ts"
import { agentMetrics } from "./metrics.ts"
import { readCall } from "./operator-request.ts"
import {
  listContainers,
  listExecutors,
  listFrameworks,
  listTasks,
  showAgent,
} from "./operator-views.ts"
import type { AgentHttpOptions } from "./ports.ts"

/** What the operator API is given. */
export type OperatorOptions = AgentHttpOptions & {
  /** Containers with what they use, measured not more often than is good. */
  usages(): Promise<readonly ContainerUsage[]>
}

/**
 * POST /api/v1: the operator API. Calls that are not there yet answer 501 with their name.
 * Source: apache/mesos: docs/operator-http-api.md, src/slave/http.cpp (Http::api).
 */
export async function serveOperator(options: OperatorOptions, request: Request): Promise<Response> {
  const read = await readCall(request)
  if (!read.ok) return refuse(read.error.status, read.error.message)
  const { call, type, accepted } = read.value
  const answer =
    (await serveContainers(options, read.value, request.signal)) ?? (await answerOf(options, call))
  if (answer === undefined) return refuse(501, `The call ${type} is not implemented yet`)
  return answer instanceof Response ? answer : reply(answer, accepted)
}

async function reply(answer: v1.Response, type: MediaType): Promise<Response> {
  const json = encodeMessage("mesos.v1.agent.Response", answer, "endpoint")
  const headers = { "content-type": type }
  switch (type) {
    case "application/json":
      return new Response(JSON.stringify(json), { headers })
    case "application/x-protobuf": {
      const bytes = (await loadProtobuf()).fromJson("mesos.v1.agent.Response", json)
      return new Response(new Blob([bytes]), { headers })
    }
    default:
      return type satisfies never
  }
}

/** The answer of a call, or its refusal; undefined for those that are not there yet. */
async function answerOf(
  options: OperatorOptions,
  call: v1.Call,
): Promise<v1.Response | Response | undefined> {
  const { kind } = call
  switch (kind) {
    case "getHealth":
      return { kind, healthy: true }
    case "getFlags":
      return {
        kind,
        flags: Object.entries(options.flags).map(([name, value]) => ({ name, value })),
      }
    case "getVersion":
      return { kind, versionInfo: options.build }
    case "getLoggingLevel":
      return { kind, level: options.logVerbosity?.level() ?? 0 }
    case "setLoggingLevel":
      return setLoggingLevel(options.logVerbosity, call)
    case "getMetrics": {
      const metrics = Object.entries(agentMetrics(options))
      return { kind, metrics: metrics.map(([name, value]) => ({ name, value })) }
    }
    case "listFiles": {
      const listed = await listFiles(options, call.path)
      return listed.ok ? { kind, ...listed.value } : refuseFile(listed.error)
    }
    case "readFile": {
      const part = await readPart(options, call)
      return part.ok ? { kind, ...part.value } : refuseFile(part.error)
    }
    case "pruneImages": {
      const excluded = call.excludedImages ?? []
      await options.pruneImages?.(excluded.flatMap(({ docker }) => docker?.name ?? []))
      return new Response()
    }
    case "getContainers":
      return {
        kind,
        containers: [
          ...listContainers(await options.usages(), call),
          ...(await listCalled(options, call)),
        ],
      }
    default:
      return stateOf(options, call)
  }
}

const refuseFile = ({ status, message }: { status: number; message: string }): Response =>
  refuse(status, message)

/** What the agent knows; undefined for calls that are not there yet. */
function stateOf({ driver }: OperatorOptions, { kind }: v1.Call): v1.Response | undefined {
  const { agent } = driver
  switch (kind) {
    case "getState":
      return {
        kind,
        getTasks: listTasks(agent),
        getExecutors: listExecutors(agent),
        getFrameworks: listFrameworks(agent),
      }
    case "getFrameworks":
      return { kind, ...listFrameworks(agent) }
    case "getExecutors":
      return { kind, ...listExecutors(agent) }
    case "getTasks":
      return { kind, ...listTasks(agent) }
    case "getOperations":
      return { kind, operations: agent.resources.operations }
    case "getAgent":
      return { kind, ...showAgent(agent) }
    case "getResourceProviders":
      return { kind, resourceProviders: [] }
    default:
      return undefined
  }
}
