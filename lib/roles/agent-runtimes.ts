import { imageRoots } from "#lib/agent/index.ts"
import {
  ContainerNetworks,
  DiskImageStore,
  DockerRuntime,
  ProcessRuntime,
  RuncRuntime,
  type ContainerDns,
  type ContainerNetworksOptions,
  type DefaultRegistry,
  type ImageGcConfig,
  type DockerRuntimeOptions,
  type RuncSettings,
} from "#lib/io/index.ts"
import type { ContainerRuntime, Log } from "#lib/ports/index.ts"
import type { Isolation } from "./isolation.ts"

/** What runs containers, and how. */
export type ContainerOptions = {
  /** Whether DOCKER containers, and images where there is no runc, are run by Docker. */
  readonly docker: boolean
  /** Credentials of registries: the text of a Docker config.json, or its path. */
  readonly dockerConfig?: string | undefined
  /** What becomes of Docker containers that nobody knows, and of those that have ended. */
  readonly dockerContainers?:
    | Pick<DockerRuntimeOptions, "killOrphans" | "removeDelayMs">
    | undefined
  readonly launcher: "linux" | "posix"
  /** What the operator decides about containers of runc. */
  readonly runc: Partial<RuncSettings>
  /** Where images for runc come from and go to; undefined when runc runs none. */
  readonly images: ImageOptions | undefined
  /** The networks that containers of runc can join by name. */
  readonly networks: Pick<ContainerNetworksOptions, "configDirectory" | "pluginDirectories" | "dns">
  /** How names are resolved in Docker's networks; as Docker says by default. */
  readonly dockerDns?: ContainerDns | undefined
}

/** Where images come from and go to. */
export type ImageOptions = {
  /** Below the work directory by default. */
  readonly directory?: string | undefined
  readonly registry?: DefaultRegistry | undefined
  /** Registries that are spoken to without TLS. */
  readonly plainRegistries?: readonly string[] | undefined
  readonly gc?: ImageGcConfig | undefined
}

/** What of an agent its runtimes must know. */
export type RuntimePlace = {
  readonly workDir: string
  readonly ip: string
  readonly dockerSocket: string
  readonly executable: string
  /** How tasks that run as processes are kept within their limits. */
  readonly processes?: Isolation["processes"] | undefined
  readonly log: Log
}

/**
 * Every runtime that the agent may use, and the store of images for those that share one; which of
 * them work here is found out by asking them.
 */
export function makeRuntimes(
  place: RuntimePlace,
  options: ContainerOptions,
): { readonly runtimes: readonly ContainerRuntime[]; readonly images: DiskImageStore | undefined } {
  const { ip: address, workDir } = place
  const runtimeDir = `${workDir}/runtime`
  const images = options.images && imageStore(place, options.images, options.dockerConfig)
  const networks = new ContainerNetworks({
    ...options.networks,
    directory: `${workDir}/isolators/network/cni`,
    log: place.log,
  })
  const runtimes = [
    new ProcessRuntime({
      networks,
      runtimeDir: `${runtimeDir}/process`,
      address,
      ...place.processes,
    }),
    new RuncRuntime({
      runtimeDir: `${runtimeDir}/runc`,
      rootsDir: imageRoots(workDir),
      address,
      settings: options.runc,
      images,
      networks,
    }),
    ...(options.docker
      ? [
          new DockerRuntime({
            socketPath: place.dockerSocket,
            runtimeDir: `${runtimeDir}/docker`,
            owner: workDir,
            address,
            dockerConfig: options.dockerConfig,
            enableCfs: options.runc.enableCfs,
            sandboxDirectory: options.runc.sandboxDirectory,
            ...options.dockerContainers,
            dns: options.dockerDns,
          }),
        ]
      : []),
  ]
  return { runtimes, images }
}

const imageStore = (
  { workDir, executable, log }: RuntimePlace,
  { directory = `${workDir}/store/docker`, ...more }: ImageOptions,
  dockerConfig: string | undefined,
): DiskImageStore =>
  new DiskImageStore({
    directory,
    unpacker: [executable, "unpack-layer"],
    log,
    dockerConfig,
    ...more,
  })
