import { message, refuse } from "./http/answer.ts"
import { createApi } from "./http/api.ts"
import { ApiRequest } from "./http/api-request.ts"
import type { Handler, Resource } from "./http/api-request.ts"
import { resolveApps } from "./http/apps.ts"
import { resolveDeployments } from "./http/deployments.ts"
import { eventStream } from "./http/events.ts"
import { resolveGroups } from "./http/groups.ts"
import { info, leader, logging, ping, plugins } from "./http/info.ts"
import { metrics, prometheus } from "./http/metrics.ts"
import { preferredType } from "./http/negotiate.ts"
import { pods } from "./http/pods.ts"
import type { MarathonHttpPorts } from "./http/ports.ts"
import { resolveQueue } from "./http/queue.ts"
import { resolveTasks } from "./http/tasks.ts"

/**
 * The API of Marathon. The answer never rejects: what goes wrong inside is a 500 with a log record.
 * Source: mesosphere/marathon: docs/docs/rest-api/public/api/**, src/main/scala/…/api/**.
 */
export function createMarathonHttp(
  ports: MarathonHttpPorts,
): (request: Request) => Promise<Response> {
  const api = createApi(ports)
  const limit = ports.maxConcurrentRequests ?? Infinity
  let underWay = 0
  return async (raw) => {
    const request = new ApiRequest(raw, api)
    let response
    underWay++
    try {
      response = underWay > limit ? tooMany(limit) : await answer(request)
    } catch (cause) {
      ports.log.write("error", "a request to Marathon failed", {
        method: raw.method,
        path: request.path,
        cause: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause),
      })
      response = message("Internal Server Error", 500)
    }
    underWay--
    setHeaders(response.headers, request)
    return response
  }
}

const tooMany = (limit: number): Response =>
  message(`Too many concurrent requests! Allowed: ${limit}.`, 503)

async function answer(request: ApiRequest): Promise<Response> {
  const { raw, ports } = request
  // What a browser may do is told by the headers that every answer gets.
  if (raw.method === "OPTIONS") return new Response(null, { status: 200 })
  const segments = segmentsOf(request.path)
  if (segments === undefined) return message("URI not found", 404)
  if (segments.length === 1 && segments[0] === "ping")
    return raw.method === "GET" || raw.method === "HEAD"
      ? ping(request)
      : message("Method Not Allowed", 405)
  if (segments.length === 0)
    return new Response(null, { status: 302, headers: { Location: "/ui/" } })
  if (ports.isLeader?.() === false && segments[1] !== "leader")
    return refuse({
      code: "unavailable",
      message: "Could not determine the current leader",
    })
  const resource = resolve(segments)
  return resource === undefined ? message("URI not found", 404) : serve(request, resource)
}

// Empty segments are dropped, so that "/v2/apps//a" and "/v2/apps/a/" are "/v2/apps/a".
function segmentsOf(path: string): readonly string[] | undefined {
  try {
    return path.split("/").flatMap((part) => (part === "" ? [] : [decodeURIComponent(part)]))
  } catch {
    return undefined
  }
}

function resolve([root, name, ...rest]: readonly string[]): Resource | undefined {
  if (root === "metrics" && rest.length === 0) {
    if (name === undefined) return metrics
    return name === "prometheus" ? prometheus : undefined
  }
  if (root === "logging") return name === undefined ? logging : undefined
  if (root !== "v2") return undefined
  switch (name) {
    case "apps":
      return resolveApps(rest)
    case "groups":
      return resolveGroups(rest)
    case "deployments":
      return resolveDeployments(rest)
    case "tasks":
      return resolveTasks(rest)
    case "queue":
      return resolveQueue(rest)
    case "pods":
      return pods
    case "plugins":
      return plugins(rest)
    case "info":
      return rest.length === 0 ? info : undefined
    case "leader":
      return rest.length === 0 ? leader : undefined
    case "events":
      return rest.length === 0 ? eventStream : undefined
    default:
      return undefined
  }
}

function serve(request: ApiRequest, resource: Resource): Response | Promise<Response> {
  const { raw } = request
  const handler = handlerOf(raw.method, resource)
  if (handler === undefined) {
    const response = message("Method Not Allowed", 405)
    const methods = Object.keys(resource).filter((key) => key === key.toUpperCase())
    response.headers.set("Allow", methods.join(", "))
    return response
  }
  const produces = resource.produces ?? ["application/json"]
  if (
    resource.anyAccept !== true &&
    preferredType(raw.headers.get("accept"), produces) === undefined
  )
    return message("Not Acceptable", 406)
  if (resource.anyContent !== true && !isJson(raw)) return message("Unsupported Media Type", 415)
  return handler(request)
}

function handlerOf(method: string, resource: Resource): Handler | undefined {
  switch (method) {
    case "HEAD":
      return resource.HEAD ?? resource.GET
    case "GET":
    case "POST":
    case "PUT":
    case "PATCH":
    case "DELETE":
      return resource[method]
    default:
      return undefined
  }
}

// A body without a type is taken for JSON; requests without a body may say what they like.
function isJson({ method, headers }: Request): boolean {
  if (method === "GET" || method === "HEAD" || method === "DELETE") return true
  const type = headers.get("content-type")?.split(";")[0]?.trim().toLowerCase()
  return type === undefined || type === "" || type === "application/json"
}

function setHeaders(headers: Headers, { ports, raw }: ApiRequest): void {
  headers.set("Cache-Control", "no-cache, no-store, must-revalidate")
  headers.set("Pragma", "no-cache")
  headers.set("Expires", "0")
  headers.set("X-Marathon-Leader", ports.info.leaderUrl)
  headers.set("X-Frame-Options", "DENY")
  headers.set("X-XSS-Protection", "1; mode=block")
  const origin = raw.headers.get("origin")
  const allowed = ports.allowedOrigins ?? []
  if (origin === null || !(allowed.includes("*") || allowed.includes(origin))) return
  headers.set("Access-Control-Allow-Origin", origin)
  headers.set("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS")
  const asked = raw.headers.get("access-control-request-headers")
  if (asked !== null) headers.set("Access-Control-Allow-Headers", asked)
  headers.set("Access-Control-Max-Age", "86400")
}
