import {
  openSecretFile,
  randomSeed,
  SocketProber,
  SqliteStore,
  systemClock,
} from "#lib/io/index.ts"
import { DEFAULT_OPTIONS } from "#lib/marathon/index.ts"
import { MasterDriver, type MasterOptions } from "#lib/master/index.ts"
import type { DomainInfo, MasterInfo } from "#lib/mesos/index.ts"
import type { LogVerbosity, Store } from "#lib/ports/index.ts"
import { AllLinks } from "./agent-links.ts"
import { MESOS_VERSION } from "./build-info.ts"
import { MarathonHost } from "./marathon-host.ts"
import { agentServer, connectLocal } from "./master-links.ts"
import { apiAddresses, openServers } from "./master-servers.ts"
import type { Connect } from "./agent.ts"
import { watchWhitelist } from "./whitelist.ts"
import { causeText, StartError, type Running, type DaemonLog } from "./process.ts"
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
  /** Path of a file of host names whose agents alone are offered; watched. */
  readonly whitelist?: string | undefined
  /** Readers of the operators' events at the same time. */
  readonly watchesMax?: number | undefined
  /** Time that the store has for a write, in milliseconds. */
  readonly commitLimitMs?: number | undefined
  /** Region and zone of this master. */
  readonly domain?: DomainInfo | undefined
  /** What the machine is told beside who it is. */
  readonly machine: Omit<MasterOptions, "info" | "seed">
  /** The settings in effect, by Mesos' names. */
  readonly flags: Readonly<Record<string, string>>
  readonly log: DaemonLog
  readonly logVerbosity: LogVerbosity
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
    if (options.whitelist !== undefined)
      closers.push(await watchWhitelist(options.whitelist, master, options.log))
    const marathon = await startMarathon({ options, store, master, fail })
    closers.push(() => marathon.stop())
    const admitted = agentServer(master, links, options.requireToken ? token.secret : undefined)
    const servers = openServers({ options, master, marathon, links, clusterId }, admitted)
    closers.push(...servers.map((server) => () => server.stop()))
    return {
      addresses: apiAddresses(options),
      failed: failure.promise,
      joinToken: { ...token, path: tokenPath },
      joinUrl: `ws://${options.hostname}:${options.mesosPort}`,
      connectLocal: connectLocal(master, links),
      stop: () => closeAll(closers).finally(() => options.log.flush()),
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
    domain: options.domain,
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
    master: { ...options.machine, info: masterInfo(options), seed: randomSeed()[0] },
    store,
    clock: systemClock,
    log: options.log,
    links,
    newId: () => crypto.randomUUID(),
    watchesMax: options.watchesMax,
    commitLimitMs: options.commitLimitMs,
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
