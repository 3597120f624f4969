import { isAbsolute } from "node:path"
import { errorText } from "#lib/io/host/files.ts"
import { findPlugin, PLUGIN_DESCRIPTIONS, PLUGIN_SOCKETS } from "./plugin-discovery.ts"
import type { PluginAddress, PluginPlaces } from "./plugin-discovery.ts"
import { PluginMounts } from "./plugin-mounts.ts"

/** The plugin where a volume names none. Source: apache/mesos: docs/isolators/docker-volume.md. */
export const DEFAULT_DRIVER = "rexray"

/** How long a plugin may take for one call: attaching a disk of a cloud takes a minute. */
const CALL_MS = 120_000

/** Media type of the plugin API. */
const MEDIA_TYPE = "application/vnd.docker.plugins.v1.2+json"

/** A volume of a plugin. */
export type DockerVolume = { readonly driver: string; readonly name: string }

/** How plugins are reached. */
export type DockerVolumesOptions = {
  /** Tells this agent's mounts from those of others; the same in each of its lives. */
  readonly owner: string
  /** A directory for the books of what is mounted. */
  readonly mountsDir: string
  /** Identifies this life of the machine. */
  readonly bootId: string
  readonly places?: PluginPlaces | undefined
  readonly callTimeoutMs?: number | undefined
}

/**
 * Volumes of Docker volume plugins, asked for over the plugin API without Docker. Each volume is
 * mounted once for all its containers, under an id of the agent's own.
 * Source: https://docs.docker.com/engine/extend/plugins_volume/.
 */
export class DockerVolumes {
  readonly #options: DockerVolumesOptions
  readonly #places: PluginPlaces
  readonly #mounts: PluginMounts
  /** Plugins that have answered to be volume plugins. */
  readonly #active = new Set<string>()

  constructor(options: DockerVolumesOptions) {
    this.#options = options
    this.#mounts = new PluginMounts(options.mountsDir, options.bootId)
    this.#places = options.places ?? {
      sockets: PLUGIN_SOCKETS,
      descriptions: PLUGIN_DESCRIPTIONS,
    }
  }

  /**
   * The path at which the volume is mounted; makes and mounts it if need be. Nobody else takes it or
   * gives it back meanwhile.
   */
  async take(
    volume: DockerVolume & { readonly options: Readonly<Record<string, string>> },
    signal: AbortSignal,
  ): Promise<string> {
    const { driver, name, options } = volume
    const plugin = await this.#plugin(driver, signal)
    const known = await this.#whereMounted(volume, plugin, signal)
    if (known !== undefined) return known
    const call = (method: string, body: object) =>
      this.#call(plugin, { driver, method, body, signal })
    const found = await call("Get", { Name: name }).catch(() => undefined)
    if (found === undefined) await call("Create", { Name: name, Opts: options })
    await this.#mounts.put(keyOf(volume), { kind: "unsure" })
    const path = await this.#mount(volume, plugin, signal)
    await this.#mounts.put(keyOf(volume), { kind: "mounted", path })
    return path
  }

  /** Unmounts the volume, which nobody uses any more. */
  async giveBack(volume: DockerVolume, signal: AbortSignal): Promise<void> {
    const mount = await this.#mounts.find(keyOf(volume))
    if (mount === undefined) return
    const plugin = await this.#plugin(volume.driver, signal)
    // Whatever a plugin says of it, nothing is mounted any more after a reboot.
    if (mount.kind === "past") await this.#mounts.remove(keyOf(volume))
    else await this.#mounts.put(keyOf(volume), { kind: "unsure" })
    await this.#unmount(volume, plugin, signal)
    await this.#mounts.remove(keyOf(volume))
  }

  get #id(): string {
    return new Bun.CryptoHasher("sha256").update(this.#options.owner).digest("hex")
  }

  /** Where a volume is mounted that this agent mounted; a plugin that was restarted may not know. */
  async #whereMounted(
    volume: DockerVolume,
    plugin: PluginAddress,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const mount = await this.#mounts.find(keyOf(volume))
    switch (mount?.kind) {
      case undefined:
      case "past":
        return undefined
      case "unsure":
        // Plugins that count mounts would count one that nobody takes back.
        await this.#unmount(volume, plugin, signal).catch(() => signal.throwIfAborted())
        return undefined
      case "mounted": {
        const { driver, name } = volume
        const call = { driver, method: "Path", body: { Name: name }, signal }
        const { Mountpoint: path } = await this.#call(plugin, call)
        return typeof path === "string" && isAbsolute(path) ? path : undefined
      }
      default:
        return mount satisfies never
    }
  }

  async #mount(volume: DockerVolume, plugin: PluginAddress, signal: AbortSignal): Promise<string> {
    const { driver, name } = volume
    const call = { driver, method: "Mount", body: { Name: name, ID: this.#id }, signal }
    try {
      const { Mountpoint: path } = await this.#call(plugin, call)
      if (typeof path === "string" && isAbsolute(path)) return path
    } catch (cause) {
      if (cause instanceof Refusal) await this.#mounts.remove(keyOf(volume))
      throw cause
    }
    throw new Error(`the volume plugin '${driver}' mounted '${name}' at no absolute path`)
  }

  async #unmount(
    { driver, name }: DockerVolume,
    plugin: PluginAddress,
    signal: AbortSignal,
  ): Promise<void> {
    const body = { Name: name, ID: this.#id }
    await this.#call(plugin, { driver, method: "Unmount", body, signal })
  }

  async #plugin(driver: string, signal: AbortSignal): Promise<PluginAddress> {
    const plugin = await findPlugin(driver, this.#places)
    if (this.#active.has(driver)) return plugin
    const { Implements: kinds } = await this.#ask(plugin, "/Plugin.Activate", {}, signal)
    if (!Array.isArray(kinds) || !kinds.includes("VolumeDriver"))
      throw new Error(`the plugin '${driver}' is no volume plugin`)
    this.#active.add(driver)
    return plugin
  }

  async #call(
    plugin: PluginAddress,
    call: {
      readonly driver: string
      readonly method: string
      readonly body: object
      readonly signal: AbortSignal
    },
  ): Promise<Readonly<Record<string, unknown>>> {
    const { driver, method, body, signal } = call
    const failed = `the volume plugin '${driver}' failed to ${method}`
    const answer = await this.#ask(plugin, `/VolumeDriver.${method}`, body, signal).catch(
      (cause: unknown) => {
        throw new Error(`${failed}: ${errorText(cause)}`, { cause })
      },
    )
    const { Err: refusal } = answer
    if (typeof refusal === "string" && refusal !== "") throw new Refusal(`${failed}: ${refusal}`)
    return answer
  }

  async #ask(
    { socket, url, tls }: PluginAddress,
    path: string,
    body: object,
    signal: AbortSignal,
  ): Promise<Readonly<Record<string, unknown>>> {
    const timeoutMs = this.#options.callTimeoutMs ?? CALL_MS
    const deadline = AbortSignal.timeout(timeoutMs)
    try {
      const response = await fetch(`${url ?? "http://plugin"}${path}`, {
        method: "POST",
        headers: { "content-type": MEDIA_TYPE, accept: MEDIA_TYPE },
        body: JSON.stringify(body),
        signal: AbortSignal.any([signal, deadline]),
        ...(socket === undefined ? {} : { unix: socket }),
        ...(tls === undefined ? {} : { tls }),
      })
      const text = await response.text()
      const answer = answerOf(text)
      if (response.ok || typeof answer["Err"] === "string") return answer
      throw new Error(`it answered ${response.status}`)
    } catch (cause) {
      if (deadline.aborted)
        throw new Error(`it did not answer within ${timeoutMs / 1000} s`, { cause })
      throw cause
    }
  }
}

/** What a plugin says no to has not happened. */
class Refusal extends Error {}

const keyOf = ({ driver, name }: DockerVolume): string => `${driver} ${name}`

/** What a plugin answers; some answer with nothing. */
function answerOf(text: string): Readonly<Record<string, unknown>> {
  if (text.trim() === "") return {}
  try {
    return (JSON.parse(text) ?? {}) as Record<string, unknown>
  } catch (cause) {
    throw new Error("its answer is no JSON", { cause })
  }
}
