import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"

/** A JSON object of somebody else's making. */
export type JsonObject = Readonly<Record<string, unknown>>

/** One plugin of a network, as its configuration says it; it may hold more than is known here. */
export type PluginConfig = JsonObject & { readonly type: string }

/** A network that containers join by its name. */
export type Network = {
  readonly name: string
  /** Version of the interface that its plugins are spoken to in; what they take for old if absent. */
  readonly cniVersion?: string | undefined
  /** Called in this order to join, in the opposite one to leave; at least one. */
  readonly plugins: readonly PluginConfig[]
}

/** Maps ports of the machine to those of a container, whatever network made its interface. */
export const PORT_MAPPER: PluginConfig = { type: "portmap", capabilities: { portMappings: true } }

/** The plugin of Mesos that maps ports around another one. */
const MESOS_PORT_MAPPER = "mesos-cni-port-mapper"

/** Whether a value is an object and no list. */
export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/**
 * Reads a network's configuration: that of one plugin, or a list of plugins. The error is a text for
 * people. Source: containernetworking/cni: SPEC.md (network configuration), CONVENTIONS.md.
 */
export function parseNetwork(text: string): Result<Network, string> {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    return err(`it is no JSON: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
  if (!isObject(json)) return err("it must be a JSON object")
  const { name, cniVersion, plugins = [json] } = json
  if (typeof name !== "string" || name === "") return err("'name' must be a text")
  // It becomes part of paths: plugins keep what they know of a network under its name.
  if (!/^[A-Za-z0-9][\w.-]*$/.test(name))
    return err(`'name' must begin with a letter or digit and hold no other than . _ - beside them`)
  if (cniVersion !== undefined && typeof cniVersion !== "string")
    return err("'cniVersion' must be a text")
  if (!Array.isArray(plugins) || plugins.length === 0)
    return err("'plugins' must be a list of at least one")
  const understood: PluginConfig[] = []
  for (const plugin of plugins as readonly unknown[]) {
    const parsed = parsePlugin(plugin)
    if (!parsed.ok) return parsed
    understood.push(...parsed.value)
  }
  return ok({ name, ...(cniVersion === undefined ? {} : { cniVersion }), plugins: understood })
}

function parsePlugin(config: unknown): Result<readonly PluginConfig[], string> {
  const type = isObject(config) ? config["type"] : undefined
  if (!isObject(config) || typeof type !== "string" || type === "")
    return err("every plugin must be an object with a 'type'")
  if (type.includes("/") || type.includes("\0"))
    return err(`'type' must be the name of a program, not '${type}'`)
  return type === MESOS_PORT_MAPPER ? portMapper(config) : ok([{ ...config, type }])
}

/**
 * What the port mapper of Mesos does is done by the standard one after its delegate.
 * Source: apache/mesos: docs/cni.md (a CNI port mapper plugin).
 */
function portMapper(config: JsonObject): Result<readonly PluginConfig[], string> {
  const delegated = parsePlugin(config["delegate"])
  if (!delegated.ok) return err(`'delegate' of ${MESOS_PORT_MAPPER}: ${delegated.error}`)
  const { excludeDevices = [] } = config
  if (!Array.isArray(excludeDevices) || !excludeDevices.every((name) => typeof name === "string"))
    return err(`'excludeDevices' of ${MESOS_PORT_MAPPER} must be a list of names`)
  if (excludeDevices.length > 1)
    return err(`'excludeDevices' of ${MESOS_PORT_MAPPER} can name one device here, not more`)
  const [device] = excludeDevices as readonly string[]
  const conditions = device === undefined ? {} : { conditionsV4: ["!", "-i", device] }
  return ok([...delegated.value, { ...PORT_MAPPER, ...conditions }])
}
