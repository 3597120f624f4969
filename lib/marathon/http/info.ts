import { json, message, refuse } from "./answer.ts"
import type { ApiRequest, Handler, Resource } from "./api-request.ts"

const CONFIG_KEYS =
  "access_control_allow_origin checkpoint decline_offer_duration default_network_name env_vars_prefix executor failover_timeout features framework_name ha hostname launch_token launch_token_refresh_interval leader_proxy_connection_timeout_ms leader_proxy_read_timeout_ms local_port_max local_port_min maintenance_mode master max_instances_per_offer mesos_bridge_name mesos_heartbeat_failure_threshold mesos_heartbeat_interval mesos_leader_ui_url mesos_role mesos_user min_revive_offers_interval new_group_enforce_role offer_matching_timeout on_elected_prepare_timeout reconciliation_initial_delay reconciliation_interval scale_apps_initial_delay scale_apps_interval store_cache task_launch_confirm_timeout task_launch_timeout task_lost_expunge_initial_delay task_lost_expunge_interval task_reservation_timeout webui_url".split(
    " ",
  )

const ZOOKEEPER_KEYS =
  "zk zk_compression zk_compression_threshold zk_connection_timeout zk_max_node_size zk_max_versions zk_session_timeout zk_timeout".split(
    " ",
  )

const nulls = (keys: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(keys.map((key) => [key, null]))

const leads = ({ ports }: ApiRequest): boolean => ports.isLeader?.() ?? true

/** /v2/info: what this Marathon is and how it is set up. There is no ZooKeeper any more. */
export const info: Resource = {
  GET: (request) => {
    const { view, rules } = request
    const { info: own, marathon } = request.ports
    const { settings } = marathon
    const leader = new URL(own.leaderUrl)
    const port = Number(leader.port || (leader.protocol === "https:" ? 443 : 80))
    const known = {
      framework_name: settings.frameworkName,
      mesos_role: rules.defaultRole,
      mesos_bridge_name: rules.bridgeName,
      default_network_name: rules.defaultNetworkName ?? null,
      features: [...rules.features],
      access_control_allow_origin: request.ports.allowedOrigins ?? null,
      new_group_enforce_role: request.ports.newGroupsEnforceRole === true ? "top" : "off",
      master: view.masterAddress ?? null,
      hostname: settings.hostname,
      mesos_user: settings.user,
      webui_url: settings.webuiUrl ?? null,
      env_vars_prefix: settings.envVarsPrefix ?? null,
      failover_timeout: settings.failoverTimeoutSeconds,
      local_port_min: settings.localPortMin,
      local_port_max: settings.localPortMax,
      max_instances_per_offer: settings.maxInstancesPerOffer,
      launch_token: settings.launchTokens,
      launch_token_refresh_interval: settings.launchTokenRefreshMs,
      decline_offer_duration: settings.declineOfferMs,
      min_revive_offers_interval: settings.minReviveIntervalMs,
      reconciliation_initial_delay: settings.reconciliationInitialDelayMs,
      reconciliation_interval: settings.reconciliationIntervalMs,
      scale_apps_interval: settings.scaleIntervalMs,
      task_launch_confirm_timeout: settings.taskLaunchConfirmTimeoutMs,
      task_launch_timeout: settings.taskLaunchTimeoutMs,
    }
    return json({
      name: settings.frameworkName,
      version: own.version,
      buildref: own.buildref ?? null,
      elected: leads(request),
      leader: leader.host,
      frameworkId: view.frameworkId ?? null,
      marathon_config: { ...nulls(CONFIG_KEYS), ...known, ...own.config },
      zookeeper_config: nulls(ZOOKEEPER_KEYS),
      http_config: {
        http_port: leader.protocol === "https:" ? null : port,
        https_port: leader.protocol === "https:" ? port : null,
      },
    })
  },
}

/** /v2/leader: who leads, and a way to make another one lead. */
export const leader: Resource = {
  GET: (request) =>
    leads(request)
      ? json({ leader: new URL(request.ports.info.leaderUrl).host })
      : message("There is no leader", 404),
  DELETE: (request) => {
    if (!leads(request)) return message("There is no leader", 404)
    const { abdicate } = request.ports
    if (abdicate === undefined)
      return refuse({
        code: "notImplemented",
        message: "DELETE /v2/leader is not there yet: a cluster has one master until several come.",
      })
    abdicate()
    return message("Leadership abdicated", 200)
  },
}

/** /ping: whether this process answers at all, in whatever form is asked for. */
export const ping: Handler = ({ raw }) => {
  const accept = (raw.headers.get("accept") ?? "*/*").toLowerCase()
  const wanted = accept.split(",").map((part) => part.split(";")[0]?.trim() ?? "")
  const text = (type: string): Response =>
    new Response("pong", { headers: { "Content-Type": type } })
  for (const type of wanted) {
    if (type === "text/plain" || type === "*/*" || type === "text/*") return text("text/plain")
    if (type === "application/json") return json("pong")
    if (type.startsWith("text/")) return text(type)
  }
  return new Response(null, { status: 204 })
}

/** /v2/plugins: there are none. */
export const plugins = (segments: readonly string[]): Resource => {
  const [id] = segments
  const handler: Handler = () =>
    id === undefined ? json({ plugins: [] }) : message(`No plugin with this pluginId: ${id}`, 404)
  return id === undefined
    ? { GET: handler }
    : { GET: handler, POST: handler, PUT: handler, DELETE: handler }
}

/** /logging: the level is that of the process; it cannot be changed here. */
export const logging: Resource = {
  GET: ({ ports: { log } }) => {
    const level = (["debug", "info", "warn", "error"] as const).find((one) => log.enabled(one))
    return json({ ROOT: (level ?? "error").toUpperCase() })
  },
  POST: () =>
    refuse({
      code: "notImplemented",
      message: "POST /logging is not there yet: start the master with another log level.",
    }),
}
