import { mkdir, realpath, rmdir, stat } from "node:fs/promises"
import { dirname } from "node:path"
import type {
  VolumeSourceCsiVolume,
  VolumeSourceCsiVolumeVolumeCapability,
} from "#lib/mesos/index.ts"
import { must } from "#lib/std/assert.ts"
import { errorCode, ifExists } from "#lib/io/host/files.ts"
import type { CsiVolumes } from "#lib/io/volumes/container-volumes.ts"
import type { Place } from "#lib/io/volumes/places.ts"
import type { NodeService, NodeServiceOptions } from "./node-service.ts"
import type { CsiPlugin, CsiPlugins } from "./plugins.ts"

/** Longer names are no file names any more; three bytes of them may be one of the volume's id. */
const NAME_MAX = 200

/** What the volumes of plugins need. */
export type PluginVolumesOptions = {
  readonly plugins: CsiPlugins
  /** Where volumes are staged and published, unless their plugin says otherwise. */
  readonly rootDir: string
  readonly callTimeoutMs?: number | undefined
  readonly retryMs?: number | undefined
}

/** Where a volume is on this machine. The paths follow from its id, so that every life knows them. */
type Paths = { readonly staging: string; readonly target: string }

/**
 * Volumes of CSI plugins that exist already: staged, published and given back on this machine. Who
 * makes and attaches them is not the agent's matter.
 * Source: apache/mesos: src/csi/v1_volume_manager.cpp, src/csi/paths.cpp.
 */
export class PluginVolumes implements CsiVolumes {
  readonly #options: PluginVolumesOptions

  constructor(options: PluginVolumesOptions) {
    this.#options = options
  }

  async take(
    volume: VolumeSourceCsiVolume,
    use: Parameters<CsiVolumes["take"]>[1],
  ): Promise<Place> {
    const { pluginName, staticProvisioning } = volume
    const plugin = this.#plugin(pluginName)
    const {
      volumeId,
      volumeCapability: capability,
      volumeContext: context = {},
    } = must(staticProvisioning, "the agent launches no task with another one")
    const readonly = isReaderOnly(capability)
    if (readonly && !use.readOnly)
      throw new Error(`Cannot use the read-only volume '${volumeId}' in read-write mode`)
    if (capability.mount === undefined)
      throw new Error("its access type is block, and tasks get mounted volumes only: use mount")
    const { staging, target } = this.#paths(plugin, volumeId)
    const { signal } = use
    using node = await this.#connect(plugin)
    const { stages } = await node.ready(signal)
    const common = { volumeId, capability, context }
    await mkdir(dirname(target), { recursive: true, mode: 0o711 })
    if (stages) {
      await mkdir(staging, { recursive: true, mode: 0o711 })
      await node.stage({ ...common, secrets: use.stageSecrets }, staging, signal)
    }
    if (plugin.targetPathExists) await mkdir(target, { recursive: true })
    const where = {
      targetPath: target,
      readonly,
      ...(stages ? { stagingTargetPath: staging } : {}),
    }
    await node.publish({ ...common, secrets: use.publishSecrets }, where, signal)
    if ((await ifExists(stat(target)))?.isDirectory() !== true)
      throw new Error(
        `the CSI plugin '${plugin.type}' left no directory at ${target}: it must see the file system that the agent sees`,
      )
    return { path: await realpath(target), kind: "directory" }
  }

  async giveBack(
    volume: { readonly plugin: string; readonly volumeId: string },
    signal: AbortSignal,
  ): Promise<void> {
    const { volumeId } = volume
    const plugin = this.#plugin(volume.plugin)
    const { staging, target } = this.#paths(plugin, volumeId)
    using node = await this.#connect(plugin)
    const { stages } = await node.ready(signal)
    await node.unpublish(volumeId, target, signal)
    if (stages) await node.unstage(volumeId, staging, signal)
    // Empty directories only: what is in one that a plugin failed to unmount is the volume's.
    for (const path of [target, staging, dirname(target)]) await removeEmpty(path)
  }

  #plugin(name: string): CsiPlugin {
    const plugin = this.#options.plugins.get(name)
    if (plugin !== undefined) return plugin
    throw new Error(
      `Invalid CSI plugin '${name}': no file of --csi_plugin_config_dir has this type`,
    )
  }

  #paths({ type, name, targetPathRoot }: CsiPlugin, volumeId: string): Paths {
    const root = targetPathRoot ?? `${this.#options.rootDir}/${type}/${name}/mounts`
    const directory = `${root}/${fileName(volumeId)}`
    return { staging: `${directory}/staging`, target: `${directory}/target` }
  }

  /** gRPC is loaded by agents that have volumes of plugins, and by no others. */
  async #connect({ type, address }: CsiPlugin): Promise<NodeService> {
    const { NodeService } = await import("./node-service.ts")
    const { callTimeoutMs, retryMs } = this.#options
    const options: NodeServiceOptions = { plugin: type, address, callTimeoutMs, retryMs }
    return new NodeService(options)
  }
}

const isReaderOnly = ({ accessMode }: VolumeSourceCsiVolumeVolumeCapability): boolean =>
  accessMode.mode === "SINGLE_NODE_READER_ONLY" || accessMode.mode === "MULTI_NODE_READER_ONLY"

/** A volume's id as one component of a path. */
function fileName(volumeId: string): string {
  const name = encodeURIComponent(volumeId).replaceAll(/^\.+$/g, (dots) =>
    "%2E".repeat(dots.length),
  )
  if (name.length <= NAME_MAX) return name
  return new Bun.CryptoHasher("sha256").update(volumeId).digest("hex")
}

async function removeEmpty(path: string): Promise<void> {
  try {
    await rmdir(path)
  } catch (cause) {
    const code = errorCode(cause)
    if (code !== "ENOENT" && code !== "ENOTEMPTY" && code !== "EBUSY" && code !== "ENOTDIR")
      throw cause
  }
}
