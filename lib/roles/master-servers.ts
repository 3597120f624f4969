import { Catalog, Cosmos, createCosmosHttp, readRepository } from "#lib/cosmos/index.ts"
import {
  compressText,
  decompressText,
  embeddedCatalog,
  forward,
  listen,
  systemClock,
  systemMetrics,
  type Handler,
  type LinkServer,
  type Listening,
} from "#lib/io/index.ts"
import { createMarathonHttp } from "#lib/marathon/index.ts"
import { createMasterApi, type MasterDriver } from "#lib/master/index.ts"
import { createRouter } from "#lib/router/index.ts"
import { urlPath } from "#lib/std/url-path.ts"
import type { AllLinks } from "./agent-links.ts"
import { buildInfo, DCOS_VERSION, MARATHON_VERSION } from "./build-info.ts"
import type { MarathonHost } from "./marathon-host.ts"
import type { MasterRoleOptions } from "./master.ts"
import { callService } from "./service-call.ts"
import { findService } from "./services.ts"
import { apiHost, listenHosts } from "./settings.ts"

/** What the APIs of a master speak for. */
export type MasterServices = {
  readonly options: MasterRoleOptions
  readonly master: MasterDriver
  readonly marathon: MarathonHost
  readonly links: AllLinks
  readonly clusterId: string
}

/**
 * Opens the Mesos API (with agents' links), the Marathon API and the router. A master that answers its
 * API to its own machine only listens on loopback too when it is told to listen on another address.
 */
export function openServers(services: MasterServices, links: LinkServer): readonly Listening[] {
  const { options, master, marathon } = services
  const mesos = createMasterApi({
    master,
    clock: systemClock,
    log: options.log,
    logVerbosity: options.logVerbosity,
    build: buildInfo,
    flags: inEffect(options),
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
  const hosts = listenHosts(options)
  const opened: Listening[] = []
  const open = (name: string, port: number, handler: Handler, agents?: LinkServer): void => {
    for (const hostname of hosts)
      opened.push(
        listen({
          hostname,
          port,
          name,
          handler,
          links: agents,
          loopbackOnly: !options.insecureApi,
          remedy:
            "this master answers its API to its own machine only, as it cannot tell yet who asks; start it with --insecure-api to answer everybody",
        }),
      )
  }
  try {
    open("the Mesos API", options.mesosPort, mesosPortHandler, links)
    open("the Marathon API", options.marathonPort, marathonHandler)
    open("the router", options.routerPort, router)
  } catch (cause) {
    for (const server of opened) void server.stop()
    throw cause
  }
  return opened
}

function makeRouter(services: MasterServices, mesos: Handler, marathon: Handler): Handler {
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

/** Where whoever started the master finds its APIs. */
export function apiAddresses(options: MasterRoleOptions): Readonly<Record<string, string>> {
  const url = (port: number): string => `http://${apiHost(options)}:${port}`
  return {
    cluster: url(options.routerPort),
    mesos: url(options.mesosPort),
    marathon: url(options.marathonPort),
  }
}

/** The settings with those that follow from the machine. */
const inEffect = (options: MasterRoleOptions): Readonly<Record<string, string>> => ({
  ...options.flags,
  work_dir: options.workDir,
  hostname: options.hostname,
  advertise_ip: options.ip,
  router_port: String(options.routerPort),
})
