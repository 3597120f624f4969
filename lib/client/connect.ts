import { CosmosClient } from "./cosmos/client.ts"
import type { Endpoint, Fetch } from "./http.ts"
import { Http } from "./http.ts"
import { MarathonClient } from "./marathon/client.ts"
import { MesosClient } from "./mesos/client.ts"
import { MetadataClient } from "./metadata/client.ts"

/** A request's deadline when `core.timeout` is not set, in seconds. */
const DEFAULT_TIMEOUT_S = 180

/** What connecting needs of the command's context. */
export type ClientContext = {
  readonly fetch: Fetch
  readonly signal: AbortSignal
  readonly version: string
  readonly platform: string
  readonly verbosity: 0 | 1 | 2
  settings(): Promise<{ get(key: string): string | undefined }>
  /** Ends the command: there is no cluster to talk to. */
  noCluster(): Promise<never>
  note(line: string): void
}

type Settings = { get(key: string): string | undefined }

/** Where a service is found: the first setting that is set, with the path below it. */
type Place = readonly (readonly [setting: string, path: string])[]

const MARATHON: Place = [
  ["marathon.url", ""],
  ["core.dcos_url", "/service/marathon"],
]
const MESOS: Place = [
  ["core.mesos_master_url", ""],
  ["core.dcos_url", "/mesos"],
]
const COSMOS: Place = [
  ["package.cosmos_url", ""],
  ["core.dcos_url", ""],
  ["core.mesos_master_url", ""],
]
const ROUTER: Place = [["core.dcos_url", ""]]

/** The client of Marathon: `marathon.url`, or `/service/marathon` of the cluster. */
export async function connectMarathon(context: ClientContext): Promise<MarathonClient> {
  return new MarathonClient(new Http(await locate(context, "Marathon", MARATHON)))
}

/**
 * The client of the Mesos master and its agents. With `core.mesos_master_url` agents are called at
 * their own addresses, else through the cluster's router.
 */
export async function connectMesos(context: ClientContext): Promise<MesosClient> {
  const master = await locate(context, "the Mesos master", MESOS)
  const direct = master.setting === "core.mesos_master_url"
  const agentUrl = (agent: { readonly id: string; readonly pid: string }) =>
    direct
      ? `http://${agent.pid.slice(agent.pid.indexOf("@") + 1)}`
      : `${master.url.replace(/\/mesos$/, "")}/agent/${agent.id}`
  return new MesosClient(
    new Http(master),
    (agent) => new Http({ ...master, name: `the agent ${agent.id}`, url: agentUrl(agent) }),
  )
}

/** The client of the package service: `package.cosmos_url`, or the cluster. */
export async function connectCosmos(context: ClientContext): Promise<CosmosClient> {
  return new CosmosClient(new Http(await locate(context, "the package service", COSMOS)))
}

/** The client of what the router itself tells about the cluster. */
export async function connectRouter(context: ClientContext): Promise<MetadataClient> {
  return new MetadataClient(new Http(await locate(context, "the cluster", ROUTER)))
}

/** How long a cluster may take to tell about itself before it counts as unavailable. */
const PROBE_TIMEOUT_MS = 3_000

/** The client of a cluster by its settings, current or not, for small questions that must not hang. */
export const probeCluster = (context: ClientContext, settings: Settings): MetadataClient =>
  metadataAt(context, {
    url: settings.get("core.dcos_url") ?? "",
    token: settings.get("core.dcos_acs_token"),
    verify: verifyOf(settings),
    timeoutMs: PROBE_TIMEOUT_MS,
  })

/** The client of a cluster that is not configured (yet), with a deadline of its own. */
export function metadataAt(
  context: ClientContext,
  at: {
    readonly url: string
    readonly token: string | undefined
    readonly verify: boolean | string
    readonly timeoutMs: number
  },
): MetadataClient {
  const endpoint = { ...at, url: trim(at.url), name: "the cluster", setting: "core.dcos_url" }
  return new MetadataClient(new Http({ ...common(context), ...endpoint }))
}

async function locate(context: ClientContext, name: string, place: Place): Promise<Endpoint> {
  const settings = await context.settings()
  for (const [setting, path] of place) {
    const base = settings.get(setting)
    if (base !== undefined)
      return {
        ...common(context),
        name,
        setting,
        url: trim(base) + path,
        token: settings.get("core.dcos_acs_token"),
        timeoutMs: timeoutOf(settings),
        verify: verifyOf(settings),
      }
  }
  const others = ["core.dcos_url", "core.mesos_master_url", "marathon.url", "package.cosmos_url"]
  if (others.every((setting) => settings.get(setting) === undefined)) return context.noCluster()
  throw new Error(
    `the address of ${name} is not set. Please run \`${place.map(([setting]) => `dcos config set ${setting} <url>`).join("` or `")}\``,
  )
}

const trim = (url: string) => url.replace(/\/+$/, "")

const common = (context: ClientContext) => ({
  userAgent: `dcos-cli/${context.version} ${context.platform}`,
  fetch: context.fetch,
  signal: context.signal,
  trace: context.verbosity > 1 ? (line: string) => context.note(line) : undefined,
})

function timeoutOf(settings: Settings): number | undefined {
  const seconds = Number(settings.get("core.timeout") ?? DEFAULT_TIMEOUT_S)
  if (seconds === 0) return undefined
  return 1000 * (Number.isFinite(seconds) && seconds > 0 ? seconds : DEFAULT_TIMEOUT_S)
}

function verifyOf(settings: Settings): boolean | string {
  const value = settings.get("core.ssl_verify") ?? "true"
  if (/^(?:1|t|true)$/i.test(value)) return true
  return /^(?:0|f|false)$/i.test(value) ? false : value
}
