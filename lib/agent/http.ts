import { Hono, type Context } from "hono"
import { isProcessPath } from "#lib/mesos/index.ts"
import { parseDuration } from "#lib/std/duration.ts"
import { acceptsGzip, gzipBody } from "#lib/std/gzip.ts"
import { helpPage, type Endpoint } from "#lib/std/help-page.ts"
import { refuse } from "#lib/std/refuse.ts"
import { systemStats } from "#lib/std/system-stats.ts"
import { urlPath } from "#lib/std/url-path.ts"
import { toggleLogging } from "#lib/std/verbosity.ts"
import {
  containerUsages,
  renderStatistics,
  renderUsage,
  type ContainerUsage,
} from "./http/container-statistics.ts"
import { serveExecutor } from "./http/executor.ts"
import {
  browse,
  NOT_FOUND,
  publishedPaths,
  read,
  refusal,
  refused,
  resolvePath,
  type FilesReply,
} from "./http/files.ts"
import { agentMetrics } from "./http/metrics.ts"
import { serveOperator } from "./http/operator.ts"
import type { AgentHttpOptions } from "./http/ports.ts"
import { replyPrometheus } from "./http/prometheus.ts"
import { renderState, renderVersion } from "./http/render-state.ts"

/** Container statistics are measured at most this often; requests in between get the last ones. */
const STATISTICS_INTERVAL_MS = 500

/** Media types by extension that `/files/download` tells; all others are octets. */
const MEDIA_TYPES: Readonly<Record<string, string>> = {
  css: "text/css",
  csv: "text/csv",
  html: "text/html",
  js: "text/javascript",
  json: "application/json",
  log: "text/plain",
  pdf: "application/pdf",
  png: "image/png",
  svg: "image/svg+xml",
  txt: "text/plain",
  xml: "application/xml",
}

/**
 * The agent's HTTP API: the endpoints of a Mesos agent, each with and without the prefix `/slave(1)` but
 * for what any process has.
 * Source: apache/mesos: src/slave/http.cpp, src/files/files.cpp.
 */
export function createAgentApi(options: AgentHttpOptions): Hono {
  const app = new Hono({ getPath: (request) => endpointPath(request.url) })
  const usages = cachedUsages(options)
  app.get("/health", () => new Response(null))
  app.get("/version", (context) => replyJson(context, renderVersion(options.build)))
  app.get("/flags", (context) => replyJson(context, { flags: options.flags }))
  app.get("/state", (context) => replyJson(context, renderState(options)))
  app.get("/metrics/snapshot", (context) => {
    const timeout = context.req.query("timeout")
    return timeout === undefined || parseDuration(timeout).ok
      ? replyJson(context, agentMetrics(options))
      : refuse(400, `Invalid timeout '${timeout}': expected a duration such as 5secs`)
  })
  app.get("/metrics", () => replyPrometheus(agentMetrics(options)))
  app.get("/containers", async (context) =>
    replyJson(context, (await usages()).filter(chosenBy(context)).map(renderUsage)),
  )
  app.get("/containerizer/debug", (context) => replyJson(context, { pending: [] }))
  app.get("/monitor/statistics", async (context) =>
    replyJson(context, (await usages()).map(renderStatistics)),
  )
  addFiles(app, options)
  app.post("/api/v1", ({ req }) => serveOperator({ ...options, usages }, req.raw))
  app.post("/api/v1/executor", ({ req }) => serveExecutor(options, req.raw))
  addProcess(app, options)
  for (const { path, methods } of endpointsOf(app))
    app.all(path, () => refuse(405, "", { allow: methods.join(", ") }))
  app.notFound(() => new Response("404 page not found.\n", { status: 404 }))
  return app
}

function addFiles(app: Hono, options: AgentHttpOptions): void {
  app.get("/files/browse", async (context) => {
    const path = context.req.query("path")
    return replyFiles(context, path ? await browse(options, path) : NO_PATH)
  })
  app.get("/files/read", async (context) => {
    const { path, offset, length } = context.req.query()
    return replyFiles(context, path ? await read(options, { path, offset, length }) : NO_PATH)
  })
  app.get("/files/download", (context) => download(context, options))
  app.get("/files/debug", (context) => replyJson(context, publishedPaths(options)))
}

/** What any process of Mesos says and does, whatever it is. */
function addProcess(app: Hono, options: AgentHttpOptions): void {
  const notThere = (what: string) => () => refuse(501, `The endpoint ${what} is not implemented`)
  app.get("/system/stats.json", (context) =>
    replyJson(context, systemStats(options.systemMetrics?.() ?? {})),
  )
  app.get("/logging/toggle", ({ req }) => toggleLogging(options.logVerbosity, req.query()))
  for (const path of ["/profiler/start", "/profiler/stop"]) app.get(path, notThere(path))
  app.post("/api/v1/resource_provider", notThere("/api/v1/resource_provider"))
  app.get("/help", (context) =>
    context.req.query("format") === "json"
      ? replyJson(context, { endpoints: endpointsOf(app) })
      : helpPage("this agent", endpointsOf(app)),
  )
}

/** The endpoints so far, each with its methods. */
function endpointsOf(app: Hono): readonly Endpoint[] {
  const methods = new Map<string, string[]>()
  for (const { path, method } of app.routes)
    if (method !== "ALL") methods.set(path, [...(methods.get(path) ?? []), method])
  return [...methods].map(([path, each]) => ({ path, methods: each }))
}

async function download(context: Context, options: AgentHttpOptions): Promise<Response> {
  const path = context.req.query("path")
  if (!path) return replyFiles(context, NO_PATH)
  const location = resolvePath(options, path)
  if (location === undefined) return replyFiles(context, NOT_FOUND)
  const file = await options.sandboxes.download(location)
  if (!file.ok) return replyFiles(context, refusal(file.error))
  const { name, size, body } = file.value
  const extension = /\.([^.]+)$/.exec(name)?.[1]?.toLowerCase() ?? ""
  return new Response(body, {
    headers: {
      "content-type": MEDIA_TYPES[extension] ?? "application/octet-stream",
      "content-length": String(size),
      "content-disposition": `attachment; filename="${name.replace(/["\\\r\n]/g, "_")}"`,
    },
  })
}

const NO_PATH = refused(400, "Expecting 'path=value' in query")

function replyFiles(context: Context, reply: FilesReply): Response {
  if (reply.kind === "refused") return new Response(reply.message, { status: reply.status })
  return replyText(context, reply.body)
}

const replyJson = (context: Context, value: unknown): Response =>
  replyText(context, JSON.stringify(value))

/**
 * JSON, wrapped in a call of the function that the query's `jsonp` names when it is given, and
 * compressed where the client takes that.
 */
function replyText(context: Context, body: string | Uint8Array<ArrayBuffer>): Response {
  const callback = context.req.query("jsonp")
  const type = callback === undefined ? "application/json" : "text/javascript"
  const blob = new Blob(callback === undefined ? [body] : [`${callback}(`, body, ");"])
  const headers = { "content-type": type, vary: "accept-encoding" }
  const gzip = acceptsGzip(context.req.header("accept-encoding")) ? gzipBody(blob) : undefined
  return gzip === undefined
    ? new Response(blob, { headers })
    : new Response(gzip, { headers: { ...headers, "content-encoding": "gzip" } })
}

function chosenBy(context: Context): (usage: ContainerUsage) => boolean {
  const { container_id, framework_id, executor_id } = context.req.query()
  return ({ containerId, executor: { launch } }) =>
    (container_id === undefined || containerId === container_id) &&
    (framework_id === undefined || launch.frameworkId === framework_id) &&
    (executor_id === undefined || launch.info.executorId === executor_id)
}

function cachedUsages(options: AgentHttpOptions): () => Promise<ContainerUsage[]> {
  let measured: Promise<ContainerUsage[]> | undefined
  let at = 0
  return () => {
    const now = options.clock.now()
    if (measured === undefined || now - at >= STATISTICS_INTERVAL_MS) {
      measured = containerUsages(options)
      at = now
    }
    return measured
  }
}

/**
 * The path of a request without the name of the agent's process, "/slave(1)", in any spelling, unless
 * the rest is not the agent's; a slash at the end says nothing.
 */
function endpointPath(url: string): string {
  const path = urlPath(url).replace(/\/+$/, "")
  const own = path.replace(/^\/slave(?:\(1\)|%281%29)(?=\/|$)/i, "")
  return (own !== path && isProcessPath(own) ? path : own) || "/"
}
