import { Catalog, Cosmos, createCosmosHttp, readRepository } from "#lib/cosmos/index.ts"
import {
  compressText,
  decompressText,
  embeddedCatalog,
  forward,
  LinkServer,
  listen,
  openSecretFile,
  randomSeed,
  SocketProber,
  SqliteStore,
  systemClock,
  systemMetrics,
  type Handler,
  type Listening,
} from "#lib/io/index.ts"
import { createMarathonHttp, DEFAULT_OPTIONS } from "#lib/marathon/index.ts"
import {
  createMasterApi,
  MasterDriver,
  type LinkId,
  type MasterTimings,
} from "#lib/master/index.ts"
import type { MasterInfo } from "#lib/mesos/index.ts"
import type { Log, Store } from "#lib/ports/index.ts"
import { createRouter } from "#lib/router/index.ts"
import { urlPath } from "#lib/std/url-path.ts"
import { AllLinks } from "./agent-links.ts"
import { buildInfo, DCOS_VERSION, MARATHON_VERSION, MESOS_VERSION } from "./build-info.ts"
import { MarathonHost } from "./marathon-host.ts"
import { MemoryLink, type MasterEvents } from "./memory-link.ts"
import type { Connect } from "./agent.ts"
import { causeText, StartError, type Running } from "./process.ts"
import { callService } from "./service-call.ts"
import { findService } from "./services.ts"
import { apiHost } from "./settings.ts"
import { inWorkDir } from "./work-dir.ts"

/** How a master is started. */
export type MasterRoleOptions = {
  readonly workDir: string
  /** Name of the cluster, for people. */
  readonly cluster: string
  /** Host name and address under which others reach this master. */
  readonly hostname: string
  readonly ip: string
  /** Where the master listens. */
  readonly listenIp: string
  readonly mesosPort: number
  readonly marathonPort: number
  readonly routerPort: number
  /** Answer API requests from other machines too, though nobody is identified yet. */
  readonly insecureApi: boolean
  /** Whether agents must present the join token; only a master on loopback may go without. */
  readonly requireToken: boolean
  /** Timings that differ from Mesos' defaults. */
  readonly timings: Partial<MasterTimings>
  readonly log: Log
}

/** A running master. */
export type RunningMaster = Running & {
  /** What agents present to be admitted, and whether it was made at this start. */
  readonly joinToken: { readonly secret: string; readonly created: boolean; readonly path: string }
  /** What agents of other machines are given as `--master`. */
  readonly joinUrl: string
  /** Connects an agent of this process. */
  readonly connectLocal: Connect
}

/**
 * Starts master, Marathon, the package service and the router in this process. Throws a `StartError`,
 * `ListenError` or `StoreError` when it cannot; what was opened until then is closed again.
 */
export async function startMaster(options: MasterRoleOptions): Promise<RunningMaster> {
  const closers: (() => Promise<void> | void)[] = []
  const failure = Promise.withResolvers<string>()
  const fail = (cause: unknown): void => failure.resolve(causeText(cause))
  try {
    const tokenPath = `${options.workDir}/join-token`
    const token = await inWorkDir(options.workDir, () => openSecretFile(tokenPath))
    const store = new SqliteStore(`${options.workDir}/state.db`)
    closers.push(() => store.close())
    const clusterId = await readClusterId(store)
    const links = new AllLinks()
    const master = await startMasterDriver({ options, store, links, fail })
    closers.push(() => master.stop())
    const marathon = await startMarathon({ options, store, master, fail })
    closers.push(() => marathon.stop())
    const servers = openServers({
      options,
      master,
      marathon,
      links,
      clusterId,
      token: token.secret,
    })
    closers.push(...servers.map((server) => () => server.stop()))
    return {
      addresses: addresses(options, servers),
      failed: failure.promise,
      joinToken: { ...token, path: tokenPath },
      joinUrl: `ws://${options.hostname}:${options.mesosPort}`,
      connectLocal: connectLocal(master, links),
      stop: () => closeAll(closers),
    }
  } catch (cause) {
    await closeAll(closers)
    throw cause
  }
}

async function closeAll(closers: readonly (() => Promise<void> | void)[]): Promise<void> {
  for (const close of closers.toReversed()) await close()
}

const CLUSTER_KEY = "/cluster/id"

/** The id of the cluster, chosen at its first start. */
async function readClusterId(store: Store): Promise<string> {
  for (const [key, value] of await store.scan(CLUSTER_KEY))
    if (key === CLUSTER_KEY && typeof value === "string") return value
  const clusterId = crypto.randomUUID()
  await store.commit([{ kind: "put", key: CLUSTER_KEY, value: clusterId }])
  return clusterId
}

/** An IPv4 address in network byte order packed in a number, as MasterInfo carries it. */
function packAddress(ip: string): number {
  const parts = ip.split(".").map(Number)
  if (parts.length !== 4 || parts.some((part) => !Number.isInteger(part))) return 0
  return parts.reduceRight((packed, part) => packed * 256 + part, 0)
}

function masterInfo(options: MasterRoleOptions): MasterInfo {
  const { hostname, ip, mesosPort } = options
  return {
    id: crypto.randomUUID(),
    ip: packAddress(ip),
    port: mesosPort,
    pid: `master@${ip}:${mesosPort}`,
    hostname,
    version: MESOS_VERSION,
    address: { hostname, ip, port: mesosPort },
    capabilities: [{ type: "AGENT_UPDATE" }, { type: "AGENT_DRAINING" }, { type: "QUOTA_V2" }],
  }
}

type Parts = {
  readonly options: MasterRoleOptions
  readonly store: Store
  readonly fail: (cause: unknown) => void
}

async function startMasterDriver(
  parts: Parts & { readonly links: AllLinks },
): Promise<MasterDriver> {
  const { options, store, links, fail } = parts
  const started = await MasterDriver.start({
    master: { info: masterInfo(options), seed: randomSeed()[0], timings: options.timings },
    store,
    clock: systemClock,
    log: options.log,
    links,
    newId: () => crypto.randomUUID(),
    onFatal: fail,
  })
  if (!started.ok) throw new StartError(started.error.message)
  return started.value
}

function startMarathon(parts: Parts & { readonly master: MasterDriver }): Promise<MarathonHost> {
  const { options, store, master, fail } = parts
  return MarathonHost.start(() => ({
    marathon: {
      ...DEFAULT_OPTIONS,
      hostname: options.hostname,
      webuiUrl: `http://${options.hostname}:${options.marathonPort}`,
      seed: randomSeed()[0],
    },
    store,
    clock: systemClock,
    log: options.log,
    prober: new SocketProber(),
    connect: (handler) => master.connectScheduler(handler),
    onFatal: fail,
  }))
}

type Services = {
  readonly options: MasterRoleOptions
  readonly master: MasterDriver
  readonly marathon: MarathonHost
  readonly links: AllLinks
  readonly clusterId: string
  readonly token: string
}

function openServers(services: Services): readonly [Listening, Listening, Listening] {
  const { options, master, marathon } = services
  const mesos = createMasterApi({
    master,
    clock: systemClock,
    log: options.log,
    build: buildInfo,
    flags: masterFlags(options),
    cluster: options.cluster,
    systemMetrics,
  })
  const marathonHandler = createMarathonHttp({
    marathon: marathon.port,
    isLeader: () => marathon.leads,
    abdicate: () => marathon.abdicate(),
    clock: systemClock,
    log: options.log,
    info: {
      version: MARATHON_VERSION,
      leaderUrl: `http://${options.hostname}:${options.marathonPort}`,
      config: { mesos_leader_ui_url: `http://${options.hostname}:${options.mesosPort}` },
    },
  })
  const mesosHandler: Handler = (request) => mesos.fetch(request)
  const router = makeRouter(services, mesosHandler, marathonHandler)
  // Clients that are set up as in 2015 know no router, only this address; packages came with them.
  const mesosPortHandler: Handler = (request) =>
    urlPath(request.url).startsWith("/package/") ? router(request) : mesosHandler(request)
  const open = (name: string, port: number, handler: Handler, links?: LinkServer): Listening =>
    listen({
      hostname: options.listenIp,
      port,
      name,
      handler,
      links,
      loopbackOnly: !options.insecureApi,
      remedy:
        "this master answers its API on loopback only, as it cannot tell yet who asks; start it with --insecure-api to answer everybody",
    })
  const opened: Listening[] = []
  try {
    opened.push(open("the Mesos API", options.mesosPort, mesosPortHandler, agentServer(services)))
    opened.push(open("the Marathon API", options.marathonPort, marathonHandler))
    opened.push(open("the router", options.routerPort, router))
  } catch (cause) {
    for (const server of opened) void server.stop()
    throw cause
  }
  return opened as unknown as readonly [Listening, Listening, Listening]
}

function makeRouter(services: Services, mesos: Handler, marathon: Handler): Handler {
  const repository = readRepository(
    { name: "Universe", uri: "embedded:packages-catalog" },
    catalogFiles(),
  )
  const cosmos = new Cosmos({
    catalog: new Catalog([repository]),
    marathon: callService(marathon),
    mesos: callService(mesos),
    compress: compressText,
    decompress: decompressText,
  })
  return createRouter({
    version: DCOS_VERSION,
    clusterId: services.clusterId,
    mesos,
    marathon,
    cosmos: createCosmosHttp(cosmos),
    agent: (id, request) => services.links.fetch(id, request),
    service: (name) => findService(services.marathon.port.view, services.master.view, name),
    forward,
  })
}

const catalogFiles = (): ReadonlyMap<string, string> =>
  new Map([...embeddedCatalog()].filter(([path]) => path.includes("/")))

function masterEvents(master: MasterDriver, links: AllLinks): MasterEvents {
  return {
    opened: (link, address) => master.linkOpened(link as LinkId, address),
    received: (link, messages) => {
      if (!master.linkMessages(link as LinkId, messages))
        links.close(link as LinkId, "the master is overloaded")
    },
    closed: (link) => {
      links.closed(link)
      master.linkClosed(link as LinkId)
    },
  }
}

function agentServer({ options, master, links, token }: Services): LinkServer {
  const events = masterEvents(master, links)
  const server: LinkServer = new LinkServer({
    token: options.requireToken ? token : undefined,
    events: {
      ...events,
      opened: (link, address) => {
        links.opened(link, server)
        events.opened(link, address)
      },
    },
  })
  return server
}

/** The agent of this process: the same messages, without a socket. */
const connectLocal =
  (master: MasterDriver, links: AllLinks): Connect =>
  (agentEvents, handler) => {
    const events = masterEvents(master, links)
    const memory: MemoryLink = new MemoryLink(
      {
        ...events,
        opened: (link, address) => {
          links.opened(link, {
            send: (to, messages) => memory.deliver(to, messages),
            close: () => memory.reconnect(),
            fetch: async (_link, request) => handler(request),
          })
          events.opened(link, address)
        },
      },
      agentEvents,
    )
    return memory
  }

function addresses(
  options: MasterRoleOptions,
  [mesos, marathon, router]: readonly [Listening, Listening, Listening],
): Readonly<Record<string, string>> {
  const url = (server: Listening): string => `http://${apiHost(options)}:${server.port}`
  return { cluster: url(router), mesos: url(mesos), marathon: url(marathon) }
}

const masterFlags = (options: MasterRoleOptions): Readonly<Record<string, string>> => ({
  work_dir: options.workDir,
  cluster: options.cluster,
  hostname: options.hostname,
  ip: options.listenIp,
  port: String(options.mesosPort),
})
