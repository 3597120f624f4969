import { readFile, stat } from "node:fs/promises"
import { ifExists } from "#lib/io/host/files.ts"

/** Where Docker looks for the sockets of plugins. */
export const PLUGIN_SOCKETS = "/run/docker/plugins"
/** Where Docker looks for the descriptions of plugins: their addresses, as text or JSON. */
export const PLUGIN_DESCRIPTIONS = ["/etc/docker/plugins", "/usr/lib/docker/plugins"] as const

/** How a plugin is reached. */
export type PluginAddress = {
  /** Set for plugins that listen on a socket of this machine. */
  readonly socket?: string | undefined
  /** The address of others, and what their certificates are checked with. */
  readonly url?: string | undefined
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string } | undefined
}

/** Where plugins are looked for. */
export type PluginPlaces = {
  readonly sockets: string
  readonly descriptions: readonly string[]
}

/** What a JSON description says. */
type PluginJson = {
  readonly Addr?: unknown
  readonly TLSConfig?: {
    readonly CAFile?: string
    readonly CertFile?: string
    readonly KeyFile?: string
  }
}

/**
 * Finds a plugin by name, as Docker does: a socket first, then a file with its address, then one that
 * describes it in JSON. Fails, naming the places, when there is none.
 * Source: https://docs.docker.com/engine/extend/plugin_api/ (plugin discovery).
 */
export async function findPlugin(name: string, places: PluginPlaces): Promise<PluginAddress> {
  if (!/^[A-Za-z0-9][A-Za-z0-9_.:-]*$/.test(name))
    throw new Error(`'${name}' cannot be the name of a volume plugin`)
  for (const socket of [`${places.sockets}/${name}.sock`, `${places.sockets}/${name}/${name}.sock`])
    if ((await ifExists(stat(socket)))?.isSocket() === true) return { socket }
  for (const directory of places.descriptions)
    for (const base of [`${directory}/${name}`, `${directory}/${name}/${name}`]) {
      const address = await ifExists(readFile(`${base}.spec`, "utf8"))
      if (address !== undefined) return addressOf(address.trim(), `${base}.spec`)
      const json = await ifExists(readFile(`${base}.json`, "utf8"))
      if (json !== undefined) return describedAddress(json, `${base}.json`)
    }
  throw new Error(
    `no volume plugin '${name}': there is no ${places.sockets}/${name}.sock, and neither ${name}.spec nor ${name}.json in ${places.descriptions.join(" or ")}; install and start it on the agent`,
  )
}

function addressOf(address: string, file: string): PluginAddress {
  if (address.startsWith("unix://")) return { socket: address.slice("unix://".length) }
  const url = address.replace(/^tcp:\/\//, "http://")
  if (/^https?:\/\/[^/]/.test(url)) return { url: url.replace(/\/$/, "") }
  throw new Error(`${file} must hold an address such as unix:///run/plugin.sock, not '${address}'`)
}

async function describedAddress(text: string, file: string): Promise<PluginAddress> {
  const { Addr: address, TLSConfig: tls } = parse(text, file)
  if (typeof address !== "string") throw new Error(`${file} must say the plugin's Addr`)
  const found = addressOf(address, file)
  if (tls === undefined || found.url === undefined) return found
  const read = (path: string | undefined) => (path ? readFile(path, "utf8") : undefined)
  const [ca, cert, key] = await Promise.all([
    read(tls.CAFile),
    read(tls.CertFile),
    read(tls.KeyFile),
  ])
  return {
    url: found.url.replace(/^http:/, "https:"),
    tls: {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    },
  }
}

function parse(text: string, file: string): PluginJson {
  try {
    return (JSON.parse(text) ?? {}) as PluginJson
  } catch (cause) {
    throw new Error(`${file} is no JSON`, { cause })
  }
}
