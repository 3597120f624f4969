import {
  AgentDriver,
  createAgentApi,
  showsToken,
  type AgentLimits,
  type DiskWatchOptions,
  type MasterLink,
  type PortWatchOptions,
  type ReconfigurationPolicy,
} from "#lib/agent/index.ts"
import {
  bootId,
  ContainerProber,
  DiskSandboxes,
  LinkClient,
  listen,
  listenSocket,
  measureMachine,
  openSecretFile,
  openVolumes,
  randomSeed,
  readCsiPlugins,
  readTextFile,
  SignedExecutorTokens,
  SocketProber,
  SqliteStore,
  systemClock,
  systemMetrics,
  TreeMeter,
  UriFetcher,
  type Handler,
  type UriFetcherOptions,
} from "#lib/io/index.ts"
import type { AgentToMaster, DomainInfo } from "#lib/mesos/index.ts"
import type {
  ContainerRuntime,
  ContainerSpec,
  ExecutorTokens,
  ImageStore,
  Log,
  LogVerbosity,
  Volumes,
} from "#lib/ports/index.ts"
import { must } from "#lib/std/assert.ts"
import { urlPath } from "#lib/std/url-path.ts"
import { makeRuntimes, type ContainerOptions } from "./agent-runtimes.ts"
import { buildInfo } from "./build-info.ts"
import type { Isolation } from "./isolation.ts"
import type { AgentEnd, AgentEvents } from "./memory-link.ts"
import type { ExecutorOptions } from "./executor-options.ts"
import { mustContain } from "./must-contain.ts"
import { News } from "./news.ts"
import { describeNode, type Node } from "./node.ts"
import { causeText, StartError, type DaemonLog, type Running } from "./process.ts"

/** How an agent is started. */
export type AgentRoleOptions = {
  /** Where the state, the sandboxes and, below runtime/, the records of containers lie. */
  readonly workDir: string
  /** Host name that the agent announces; tasks are reached by it. */
  readonly hostname: string
  /** Address that the agent announces. */
  readonly ip: string
  /** Where the agent's own API listens. */
  readonly listenIp: string
  readonly port: number
  /** Answer API requests from other machines too. */
  readonly insecureApi: boolean
  /** As `--resources` of Mesos says them; what is not named is measured. */
  readonly resources?: string | undefined
  readonly attributes?: string | undefined
  /** The role that resources are reserved to where they name none. */
  readonly defaultRole?: string | undefined
  readonly domain?: DomainInfo | undefined
  /** The GPUs that tasks may use, as the driver's tools number them; all where it is absent. */
  readonly gpuDevices?: readonly number[] | undefined
  readonly reconfigurationPolicy: ReconfigurationPolicy
  /** Whether what is stored and cannot be read keeps the agent from starting. */
  readonly strict: boolean
  /** Go on with the tasks of the last life, or end them and then this one. */
  readonly recover: "reconnect" | "cleanup"
  /** Times and limits that differ from the agent's defaults. */
  readonly limits?: Partial<AgentLimits> | undefined
  /** The settings in effect, by Mesos' names. */
  readonly flags: Readonly<Record<string, string>>
  /** How tasks' files are fetched; the cache lies below the work directory unless it says otherwise. */
  readonly fetcher?: Partial<UriFetcherOptions> | undefined
  /** How often what containers keep on disk is measured, and whether they are ended for it. */
  readonly diskWatch?: DiskWatchOptions | undefined
  /** How the ports are watched that tasks listen on. */
  readonly portWatch?: PortWatchOptions | undefined
  /** How tasks that run as processes are kept within their limits. */
  readonly processes?: Isolation["processes"] | undefined
  /** Describes the CSI plugins of this machine. */
  readonly csiPluginConfigDir?: string | undefined
  /** Directories below which host paths of volumes are made where they are missing. */
  readonly creatableHostPaths?: readonly string[] | undefined
  /** What runs containers, and how. */
  readonly containers: ContainerOptions
  /** Isolators that the operator wants and only containers of runc have. */
  readonly contained?: readonly string[] | undefined
  /** How executors reach the agent and what they are told. */
  readonly executors?: ExecutorOptions | undefined
  /** Whether tasks run as the user that they name, where the agent can change users (true). */
  readonly switchUser?: boolean | undefined
  /** Whether sandboxes of containers that API calls made are removed by age (no). */
  readonly gcCalledSandboxes?: boolean | undefined
  /** Path of the Docker daemon's socket. */
  readonly dockerSocket: string
  /** The executable that tasks are offered as DCOS_EXECUTABLE. */
  readonly executable: string
  readonly log: DaemonLog
  readonly logVerbosity: LogVerbosity
}

/** Opens the link to the master: over a WebSocket, or in memory. */
export type Connect = (
  events: AgentEvents,
  handler: Handler,
  fail: (why: string) => void,
) => AgentEnd

/** How to reach a master on another address. */
export type RemoteMaster = {
  readonly url: string
  readonly token: string | undefined
  readonly log: Log
}

/** Connects by WebSocket, telling the log why it does not succeed. A refused token ends the agent. */
export const connectRemote =
  (remote: RemoteMaster): Connect =>
  (events, handler, fail) => {
    const news = new News()
    return new LinkClient({
      master: remote.url,
      token: remote.token,
      handler,
      events: {
        ...events,
        opened: () => {
          news.clear()
          events.opened()
        },
        failed: (reason, fatal) => {
          if (fatal) fail(reason)
          else if (news.isNew(reason, systemClock.now()))
            remote.log.write("warn", `${reason} (trying again)`)
        },
      },
    })
  }

/** Starts an agent. Throws a `StartError`, `ListenError` or `StoreError` when it cannot. */
export async function startAgent(options: AgentRoleOptions, connect: Connect): Promise<Running> {
  const failure = Promise.withResolvers<string | undefined>()
  const sandboxes = new DiskSandboxes()
  const node = await describeNode(options, sandboxes)
  const store = new SqliteStore(`${options.workDir}/meta/agent.db`)
  const link = new LateLink()
  const { workDir, hostname, creatableHostPaths, log } = options
  const volumes = await openVolumes({
    workDir,
    hostname,
    creatableHostPaths,
    gpuDriver: node.gpuDriver,
    csiPlugins: await csiPluginsOf(options),
    log,
  })
  const executorTokens = new SignedExecutorTokens(await tokenKey(options))
  const { runtimes, images } = makeRuntimes(options, options.containers)
  await mustContain(options, runtimes)
  const started = await AgentDriver.start({
    ...driverOptions(options, { node, runtimes, volumes }),
    executorTokens,
    store,
    sandboxes,
    link,
    onExit: (message, done) => {
      if (done) log.write("info", message)
      failure.resolve(done ? undefined : message)
    },
    onFatal: (cause) => failure.resolve(causeText(cause)),
  })
  if (!started.ok) throw new StartError(started.error)
  const driver = started.value
  // Until then an image may be in use without anybody knowing.
  void driver.recovered.then(() => images?.startCollecting())
  const api = createAgentApi({
    driver,
    sandboxes,
    pruneImages: pruneImages(driver, images),
    executorTokens,
    requireExecutorTokens: options.executors?.requireTokens === true,
    clock: systemClock,
    log: options.log,
    logVerbosity: options.logVerbosity,
    build: buildInfo,
    flags: agentFlags(options),
    startedAt: systemClock.now(),
    systemMetrics,
  })
  const handler: Handler = (request) => api.fetch(request)
  const server = openApi(options, handler, executorTokens)
  const end = connect(agentEvents(driver, link), handler, failure.resolve)
  link.end = end
  if (options.recover !== "cleanup") end.start()
  return {
    addresses: { agent: `http://${options.hostname}:${server.port}` },
    failed: failure.promise,
    stop: async () => {
      try {
        end.stop()
        await driver.stop()
        volumes.close()
        images?.close()
        await server.stop()
        await store.close()
      } finally {
        options.log.flush()
      }
    },
  }
}

/** Removes images once it is known what the containers of the last life hold. */
const pruneImages =
  ({ agent, recovered }: AgentDriver, images: ImageStore | undefined) =>
  async (excluded: readonly string[]): Promise<void> => {
    await recovered
    if (agent.options.runtimes.has("runc")) await images?.prune(excluded)
  }

/** The CSI plugins that the operator describes. */
async function csiPluginsOf({ csiPluginConfigDir }: AgentRoleOptions) {
  if (csiPluginConfigDir === undefined) return undefined
  const plugins = await readCsiPlugins(csiPluginConfigDir)
  if (plugins.ok) return plugins.value
  throw new StartError(`--csi-plugin-config-dir ${csiPluginConfigDir}: ${plugins.error}`)
}

/** The link as the driver knows it before it is made: what is sent until then vanishes. */
class LateLink implements MasterLink {
  end: AgentEnd | undefined

  send(messages: readonly AgentToMaster[]): void {
    this.end?.send(messages)
  }

  reconnect(reason: string): void {
    this.end?.reconnect(reason)
  }
}

const agentEvents = (driver: AgentDriver, link: MasterLink): AgentEvents => ({
  opened: () => driver.linkOpened(),
  received: (messages) => {
    if (!driver.linkMessages(messages)) link.reconnect("the agent is overloaded")
  },
  closed: () => driver.linkClosed(),
})

/** What the driver is given beside its store, its link and who hears of its end. */
function driverOptions(
  options: AgentRoleOptions,
  {
    node,
    runtimes,
    volumes,
  }: {
    readonly node: Node
    readonly runtimes: readonly ContainerRuntime[]
    readonly volumes: Volumes
  },
) {
  const { ip, workDir, executable, log } = options
  return {
    agent: {
      info: node.info,
      gpus: node.gpus,
      ip,
      workDir,
      executable,
      seed: randomSeed(),
      switchUser: options.switchUser !== false && measureMachine().root,
      taskEnvironment: options.executors?.environment,
      domainSocket: options.executors?.domainSocket,
      gcCalledSandboxes: options.gcCalledSandboxes,
      launcher: options.containers.launcher,
      enableCfs: options.containers.runc.enableCfs,
      limits: options.limits,
      bootId: bootId(),
      strict: options.strict,
      recover: options.recover,
      reconfigurationPolicy: options.reconfigurationPolicy,
    },
    clock: systemClock,
    log,
    runtimes,
    volumes,
    diskMeter: new TreeMeter(),
    diskWatch: options.diskWatch,
    portWatch: options.portWatch,
    fetcher: new UriFetcher({
      cacheDir: `${workDir}/fetch`,
      images: options.containers.images,
      ...options.fetcher,
    }),
    prober: new ContainerProber({
      prober: new SocketProber(),
      runtimeOf: (spec: ContainerSpec) =>
        must(
          runtimes.find(({ name }) => name === spec.runtime),
          `no runtime ${spec.runtime}`,
        ),
      environmentOf: (containerId) => volumes.environment(containerId),
    }),
  }
}

/** The key that executors' tokens are signed with: the operator's, or one that this agent keeps. */
async function tokenKey({ executors, workDir }: AgentRoleOptions): Promise<string> {
  const path = executors?.tokenKeyFile
  if (path === undefined) return openSecretFile(`${workDir}/meta/executor-secret`).secret
  const key = await readTextFile(path).catch((cause: unknown) => {
    throw new StartError(`--jwt-secret-key: ${causeText(cause)}`)
  })
  if (!key) throw new StartError(`--jwt-secret-key: ${path} is not there, or empty`)
  return key
}

const SOCKET_PATH = /^\/slave(?:\(\d+\)|%28\d+%29)\/api\/v1(?:\/executor)?$/

/** Executors in Mesos' own library speak to the socket where they are told of one. */
function openSocket({ executors }: AgentRoleOptions, handler: Handler) {
  const path = executors?.domainSocket
  if (path === undefined) return undefined
  const serves = (request: Request): boolean => SOCKET_PATH.test(urlPath(request.url))
  return listenSocket({ path, name: "the executors' API", serves, handler })
}

const EXECUTOR_PATH = /^(?:\/slave(?:\(1\)|%281%29))?\/api\/v1\/executor$/

function openApi(options: AgentRoleOptions, handler: Handler, tokens: ExecutorTokens) {
  const server = listen({
    hostname: options.listenIp,
    port: options.port,
    name: "the agent's API",
    handler,
    loopbackOnly: !options.insecureApi,
    // An executor in a network of its own is a stranger by its address.
    admits: (request) => EXECUTOR_PATH.test(urlPath(request.url)) && showsToken(request, tokens),
    remedy:
      "this agent answers its API to its own machine only; ask through the master, or start it with --insecure-api",
  })
  const socket = openSocket(options, handler)
  const stop = async (): Promise<void> => {
    await server.stop()
    await socket?.stop()
  }
  return { port: server.port, stop }
}

/** The settings with those that follow from the machine. */
const agentFlags = (options: AgentRoleOptions): Readonly<Record<string, string>> => ({
  ...options.flags,
  work_dir: options.workDir,
  hostname: options.hostname,
  advertise_ip: options.ip,
})
