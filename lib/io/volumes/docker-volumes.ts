import { isAbsolute } from "node:path"
import { errorText } from "#lib/io/host/files.ts"
import { findPlugin, PLUGIN_DESCRIPTIONS, PLUGIN_SOCKETS } from "./plugin-discovery.ts"
import type { PluginAddress, PluginPlaces } from "./plugin-discovery.ts"

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
  /** Where volumes are mounted that were mounted or seen mounted in this life. */
  readonly #mounted = new Map<string, string>()
  /** Plugins that have answered to be volume plugins. */
  readonly #active = new Set<string>()

  constructor(options: DockerVolumesOptions) {
    this.#options = options
    this.#places = options.places ?? {
      sockets: PLUGIN_SOCKETS,
      descriptions: PLUGIN_DESCRIPTIONS,
    }
  }

  /**
   * The path at which the volume is mounted; makes and mounts it if need be. `held` tells that another
   * container of the agent uses it already.
   */
  async take(
    volume: DockerVolume & { readonly options: Readonly<Record<string, string>> },
    use: { readonly held: boolean; readonly signal: AbortSignal },
  ): Promise<string> {
    const { driver, name, options } = volume
    const plugin = await this.#plugin(driver, use.signal)
    const known = use.held ? await this.#whereMounted(volume, plugin, use.signal) : undefined
    if (known !== undefined) return known
    const call = (method: string, body: object) =>
      this.#call(plugin, { driver, method, body, signal: use.signal })
    const found = await call("Get", { Name: name }).catch(() => undefined)
    if (found === undefined) await call("Create", { Name: name, Opts: options })
    const { Mountpoint: path } = await call("Mount", { Name: name, ID: this.#id })
    if (typeof path !== "string" || !isAbsolute(path))
      throw new Error(`the volume plugin '${driver}' mounted '${name}' at no absolute path`)
    this.#mounted.set(keyOf(volume), path)
    return path
  }

  /** Unmounts the volume, which nobody uses any more. */
  async giveBack(volume: DockerVolume, signal: AbortSignal): Promise<void> {
    const { driver, name } = volume
    this.#mounted.delete(keyOf(volume))
    const plugin = await this.#plugin(driver, signal)
    const body = { Name: name, ID: this.#id }
    await this.#call(plugin, { driver, method: "Unmount", body, signal })
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
    const { driver, name } = volume
    const body = { Name: name }
    const answer = await this.#call(plugin, { driver, method: "Path", body, signal })
    const { Mountpoint: path } = answer
    return typeof path === "string" && isAbsolute(path) ? path : this.#mounted.get(keyOf(volume))
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
    try {
      const answer = await this.#ask(plugin, `/VolumeDriver.${method}`, body, signal)
      if (typeof answer["Err"] === "string" && answer["Err"] !== "") throw new Error(answer["Err"])
      return answer
    } catch (cause) {
      throw new Error(`the volume plugin '${driver}' failed to ${method}: ${errorText(cause)}`, {
        cause,
      })
    }
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
