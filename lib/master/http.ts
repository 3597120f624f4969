import { Hono, type Context } from "hono"
import { encodeMessage, isProcessPath } from "#lib/mesos/index.ts"
import { parseDuration } from "#lib/std/duration.ts"
import { helpPage, type Endpoint } from "#lib/std/help-page.ts"
import { systemStats } from "#lib/std/system-stats.ts"
import { urlPath } from "#lib/std/url-path.ts"
import type { MasterView } from "./core/views.ts"
import {
  ACTIONS,
  removeQuota,
  setQuota,
  setSchedule,
  setWeights,
  type Action,
} from "./http/actions.ts"
import { gate, type Admitted, type EndpointRules } from "./http/admission.ts"
import { browseFiles, debugFiles, downloadFile, readFile } from "./http/files.ts"
import { allMetrics, serveOperator } from "./http/operator.ts"
import type { MasterHttpOptions } from "./http/ports.ts"
import { replyPrometheus } from "./http/prometheus.ts"
import { replyJson } from "./http/respond.ts"
import { refuse } from "#lib/std/refuse.ts"
import { renderRoles } from "./http/roles.ts"
import { toggleLogging } from "#lib/std/verbosity.ts"
import { serveScheduler } from "./http/scheduler.ts"
import { renderQuota, renderWeights } from "./http/operator-settings.ts"
import { renderStateSummary } from "./http/state-summary.ts"
import { renderFrameworks, renderSlaves, renderState, renderVersion } from "./http/state.ts"
import { parseTaskQuery, renderTasks } from "./http/tasks.ts"

export type * from "./http/ports.ts"

const SCHEDULER_PATH = "/api/v1/scheduler"

type Handler = (request: Admitted) => Response | Promise<Response>

/**
 * The Mesos HTTP API of a master: scheduler and operator calls and the older JSON endpoints, each
 * also under `/master` but for what any process has. Source: apache/mesos: src/master/master.cpp (initialize).
 */
export function createMasterApi(options: MasterHttpOptions): Hono {
  // A slash at the end says nothing, as in Mesos.
  const api = new Hono({ strict: false })
  const failed = (cause: unknown, { method, url }: Request): Response => {
    options.log.write("error", `${method} ${urlPath(url)}: ${String(cause)}`)
    return refuse(500, "Internal error; see the master's log")
  }
  const routes = new Hono()
  const prefixed = new Hono()
  const endpoints: Endpoint[] = [{ path: SCHEDULER_PATH, methods: ["POST"] }]
  const add = (path: string, rules: EndpointRules, handle: Handler): void => {
    endpoints.push({ path, methods: [rules.method].flat() })
    const gated = gate(options, rules, handle)
    routes.all(path, gated)
    if (!isProcessPath(path)) prefixed.all(path, gated)
  }
  const show = (path: string, rules: Omit<EndpointRules, "method">, render: Render): void =>
    add(path, { method: "GET", ...rules }, ({ context }) =>
      replyJson(context, render(context), options.clock),
    )
  for (const each of [routes, prefixed])
    each.all(SCHEDULER_PATH, ({ req }) => serveScheduler(options, req.raw))
  addCalls(options, add)
  addViews(options, show)
  addOwn(options, add, show)
  addProcess(options, add, show)
  add("/help", { method: "GET", anyMaster: true }, ({ context }) =>
    context.req.query("format") === "json"
      ? replyJson(context, { endpoints }, options.clock)
      : helpPage("this master", endpoints),
  )
  api.route("/", routes)
  api.route("/master", prefixed)
  api.onError((cause, context) => failed(cause, context.req.raw))
  // The calls of schedulers are most of what a busy master hears: they need no router to find their way.
  const route = api.fetch
  api.fetch = (request, ...rest) => {
    const path = urlPath(request.url)
    if (request.method === "POST" && path === SCHEDULER_PATH)
      return serveScheduler(options, request).catch((cause: unknown) => failed(cause, request))
    return path.includes("/..") ? refuse(404, "") : route(request, ...rest)
  }
  return api
}

/** Makes the call that an older endpoint stands for. */
async function act(
  { master }: MasterHttpOptions,
  action: Action,
  { context, principal }: Admitted,
): Promise<Response> {
  const call = action.translate(await context.req.text(), urlPath(context.req.url))
  if (!call.ok) return refuse(400, call.error)
  const reply = await master.operate(call.value, principal)
  return refuse(reply.status, reply.message ?? "")
}

/** DELETE of a quota that is not there is refused, unlike the call that it stands for. */
async function actOnQuota(options: MasterHttpOptions, request: Admitted): Promise<Response> {
  const { master } = options
  const call = removeQuota.translate("", urlPath(request.context.req.url))
  if (call.ok && call.value.kind === "removeQuota" && !master.view.quotas.has(call.value.role))
    return refuse(400, `Role '${call.value.role}' has no quota set`)
  return await act(options, removeQuota, request)
}

type Render = (context: Context) => unknown
type Add = (path: string, rules: EndpointRules, handle: Handler) => void
type Show = (path: string, rules: Omit<EndpointRules, "method">, render: Render) => void

/** Calls of operators that change something. */
function addCalls(options: MasterHttpOptions, add: Add): void {
  const view = (): MasterView => options.master.view
  const addSetting = (path: string, action: Action, render: () => object): void =>
    add(path, { method: ["GET", action.method], realm: "readwrite" }, (request) =>
      request.context.req.method === action.method
        ? act(options, action, request)
        : replyJson(request.context, render(), options.clock),
    )
  add("/api/v1", { method: "POST", realm: "readwrite" }, (request) =>
    serveOperator(options, request),
  )
  for (const [path, action] of Object.entries(ACTIONS))
    add(path, { method: action.method, realm: "readwrite" }, (request) =>
      act(options, action, request),
    )
  addSetting("/quota", setQuota, () => renderQuota(view()))
  add("/quota/:role{.+}", { method: "DELETE", realm: "readwrite" }, (request) =>
    actOnQuota(options, request),
  )
  addSetting("/weights", setWeights, () => renderWeights(view()))
  addSetting("/maintenance/schedule", setSchedule, () =>
    encodeMessage("mesos.v1.maintenance.Schedule", view().maintenance.schedule),
  )
}

/** What the leader knows of the cluster. */
function addViews(options: MasterHttpOptions, show: Show): void {
  const rules = { realm: "readonly" } as const

  show("/state", rules, () => renderState(options))
  show("/state-summary", rules, () => renderStateSummary(options))
  show("/slaves", rules, ({ req }) => renderSlaves(options, req.query("slave_id")))
  show("/frameworks", rules, ({ req }) => renderFrameworks(options, req.query("framework_id")))
  show("/tasks", rules, ({ req }) =>
    renderTasks(
      options.master.view,
      parseTaskQuery((name) => req.query(name)),
    ),
  )
  show("/maintenance/status", rules, () =>
    encodeMessage("mesos.v1.maintenance.ClusterStatus", options.master.view.maintenanceStatus()),
  )
  show("/roles", rules, () => renderRoles(options.master.view))
}

/** What any master says of itself. */
function addOwn(options: MasterHttpOptions, add: Add, show: Show): void {
  const open = { anyMaster: true } as const
  const guarded = { anyMaster: true, realm: "readonly" } as const
  add("/health", { method: "GET", ...open }, () => refuse(200, ""))
  show("/version", open, () => renderVersion(options.build))
  show("/flags", guarded, () => ({ flags: options.flags }))
  add("/metrics/snapshot", { method: "GET", ...open }, ({ context }) => {
    const timeout = context.req.query("timeout")
    if (timeout !== undefined && !parseDuration(timeout).ok)
      return refuse(400, `Invalid timeout '${timeout}': expected a duration such as 5secs`)
    return replyJson(context, allMetrics(options), options.clock)
  })
  add("/metrics", { method: "GET", ...open }, () => replyPrometheus(allMetrics(options)))
  add("/redirect", { method: "GET", ...open }, () => redirect(options))
  const files = { method: "GET", ...guarded } as const
  add("/files/browse", files, (request) => browseFiles(options, request))
  add("/files/read", files, (request) => readFile(options, request))
  add("/files/download", files, (request) => downloadFile(options, request))
  add("/files/debug", files, (request) => debugFiles(options, request))
}

/** What any process of Mesos says and does, whatever it is. */
function addProcess(options: MasterHttpOptions, add: Add, show: Show): void {
  const changing = { method: "GET", anyMaster: true, realm: "readwrite" } as const
  add("/logging/toggle", changing, ({ context }) =>
    toggleLogging(options.logVerbosity, context.req.query()),
  )
  show("/system/stats.json", { anyMaster: true }, () =>
    systemStats(options.systemMetrics?.() ?? {}),
  )
  for (const path of ["/profiler/start", "/profiler/stop"])
    add(path, changing, () => refuse(501, `The endpoint ${path} is not implemented`))
}

/** To the leader, who redirects to itself. */
function redirect({ master, leadership }: MasterHttpOptions): Response {
  const leader = leadership?.() ?? { kind: "self" }
  const { info } = master.view
  switch (leader.kind) {
    case "self": {
      const hostname = info.hostname ?? info.address?.ip ?? "localhost"
      return refuse(307, "", { location: `//${hostname}:${info.port}` })
    }
    case "other":
      return refuse(307, "", { location: `//${leader.hostname}:${leader.port}` })
    case "unknown":
      return refuse(503, "No leader elected")
    default:
      return leader satisfies never
  }
}
