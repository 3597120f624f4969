import { Hono, type Context } from "hono"
import { containerUsages, type ContainerUsage } from "./http/container-statistics.ts"
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
import type { AgentHttpOptions } from "./http/ports.ts"
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
 * The agent's HTTP API: the endpoints of a Mesos agent, each with and without the prefix `/slave(1)`.
 * Source: apache/mesos: src/slave/http.cpp, src/files/files.cpp.
 */
export function createAgentApi(options: AgentHttpOptions): Hono {
  const app = new Hono({ getPath: (request) => endpointPath(request.url) })
  const usages = cachedUsages(options)
  app.get("/health", () => new Response(null))
  app.get("/version", (context) => replyJson(context, renderVersion(options.build)))
  app.get("/flags", (context) => replyJson(context, { flags: options.flags }))
  app.get("/state", (context) => replyJson(context, renderState(options)))
  app.get("/state.json", (context) => replyJson(context, renderState(options)))
  app.get("/metrics/snapshot", (context) => replyJson(context, agentMetrics(options)))
  app.get("/containers", async (context) =>
    replyJson(context, (await usages()).filter(chosenBy(context))),
  )
  app.get("/containerizer/debug", (context) => replyJson(context, { pending: [] }))
  app.get("/monitor/statistics", async (context) =>
    replyJson(
      context,
      (await usages()).map(({ container_id: _id, status: _status, ...usage }) => usage),
    ),
  )
  addFiles(app, options)
  for (const path of ["/api/v1", "/api/v1/executor"]) {
    app.post(path, (context) => refuseCall(context))
    app.all(path, () => new Response(null, { status: 405, headers: { allow: "POST" } }))
  }
  app.notFound(() => new Response("404 page not found.\n", { status: 404 }))
  return app
}

function addFiles(app: Hono, options: AgentHttpOptions): void {
  for (const suffix of ["", ".json"]) {
    app.get(`/files/browse${suffix}`, async (context) => {
      const path = context.req.query("path")
      return replyFiles(context, path ? await browse(options, path) : NO_PATH)
    })
    app.get(`/files/read${suffix}`, async (context) => {
      const { path, offset, length } = context.req.query()
      return replyFiles(context, path ? await read(options, { path, offset, length }) : NO_PATH)
    })
    app.get(`/files/download${suffix}`, (context) => download(context, options))
    app.get(`/files/debug${suffix}`, (context) => replyJson(context, publishedPaths(options)))
  }
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

/** JSON, wrapped in a call of the function that the query's `jsonp` names when it is given. */
function replyText(context: Context, body: string | Uint8Array<ArrayBuffer>): Response {
  const callback = context.req.query("jsonp")
  const type = callback === undefined ? "application/json" : "text/javascript"
  const parts = callback === undefined ? [body] : [`${callback}(`, body, ");"]
  return new Response(new Blob(parts), { headers: { "content-type": type } })
}

/** The operator and executor APIs come later: what is asked for is named in the refusal. */
async function refuseCall(context: Context): Promise<Response> {
  let call: unknown
  try {
    call = await context.req.json()
  } catch {
    return new Response("Failed to parse body into JSON", { status: 400 })
  }
  const type = (call as { readonly type?: unknown } | null)?.type
  if (typeof type !== "string")
    return new Response("Expecting 'type' to be present", { status: 400 })
  return new Response(`Call ${type} is not implemented by this agent yet`, { status: 501 })
}

function chosenBy(context: Context): (usage: ContainerUsage) => boolean {
  const { container_id, framework_id, executor_id } = context.req.query()
  return (usage) =>
    (container_id === undefined || usage.container_id === container_id) &&
    (framework_id === undefined || usage.framework_id === framework_id) &&
    (executor_id === undefined || usage.executor_id === executor_id)
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

/** The path of a request without the name of the agent's process, "/slave(1)", in any spelling. */
function endpointPath(url: string): string {
  const start = url.indexOf("/", url.indexOf("//") + 2)
  const end = url.search(/[?#]/)
  const path = start < 0 ? "/" : url.slice(start, end < 0 ? undefined : end)
  return path.replace(/^\/slave(?:\(1\)|%281%29)(?=\/|$)/i, "") || "/"
}
