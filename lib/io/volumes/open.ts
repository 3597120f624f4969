import type { Log, SecretResolver } from "#lib/ports/index.ts"
import { PluginVolumes } from "#lib/io/csi/plugin-volumes.ts"
import type { CsiPlugins } from "#lib/io/csi/plugins.ts"
import { bootId } from "#lib/io/host/proc.ts"
import { ContainerVolumes } from "./container-volumes.ts"
import { DockerVolumes } from "./docker-volumes.ts"
import { secretDirectory } from "./secret-files.ts"

/** What an agent says of its volumes. */
export type AgentVolumesOptions = {
  readonly workDir: string
  /** Tells the node from others that use the same storage. */
  readonly hostname: string
  /** Directories below which missing host paths are made. */
  readonly creatableHostPaths?: readonly string[] | undefined
  /** Holds the driver of the machine's GPUs. */
  readonly gpuDriver?: string | undefined
  readonly secrets?: SecretResolver | undefined
  /** The CSI plugins of this machine; none by default. */
  readonly csiPlugins?: CsiPlugins | undefined
  readonly log: Log
}

/** The volumes of an agent: books below its work directory, secrets in memory where there is root. */
export async function openVolumes(options: AgentVolumesOptions): Promise<ContainerVolumes> {
  const { workDir, hostname, creatableHostPaths, gpuDriver, secrets, csiPlugins, log } = options
  const owner = `${hostname}:${workDir}`
  const name = `dcos-secrets-${Bun.hash(owner).toString(36)}`
  const stateDir = `${workDir}/meta/volumes`
  const boot = bootId()
  return new ContainerVolumes({
    stateDir,
    secretDir: await secretDirectory(name, `${workDir}/runtime/secrets`),
    bootId: boot,
    creatableHostPaths,
    gpuDriver,
    docker: new DockerVolumes({ owner, mountsDir: `${stateDir}/mounts`, bootId: boot }),
    ...(csiPlugins === undefined
      ? {}
      : { csi: new PluginVolumes({ plugins: csiPlugins, rootDir: `${workDir}/csi` }) }),
    secrets,
    log,
  })
}
