import { encodeMessage } from "#lib/mesos/index.ts"
import type { NetworkInfo } from "#lib/mesos/index.ts"
import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"
import { isObject, PORT_MAPPER } from "./network.ts"
import type { JsonObject, Network, PluginConfig } from "./network.ts"
import { callPlugin } from "./plugin.ts"
import type { PluginCall } from "./plugin.ts"

/** Plugins that make interfaces and know nothing of ports: the standard port mapper can follow them. */
const INTERFACE_PLUGINS: ReadonlySet<string> = new Set([
  "bridge",
  "host-device",
  "ipvlan",
  "macvlan",
  "ptp",
  "vlan",
])

const PORT_MAX = 65_535
const PROTOCOLS: ReadonlySet<string> = new Set(["tcp", "udp", "sctp"])

/** One network that a container is in, or is about to join: all that leaving it needs. */
export type Membership = {
  readonly network: Network
  /** As the container's is asked for. */
  readonly info: NetworkInfo
  /** Such as "eth0". */
  readonly interfaceName: string
  /** What the last plugin answered; absent until the network was joined. */
  readonly result?: unknown
}

/** What is the same for all plugins of a network. */
export type ChainCall = Pick<
  PluginCall,
  "containerId" | "namespace" | "directories" | "timeoutMs" | "signal"
>

/**
 * The network as a container joins it: with a port mapper at the end, where ports are asked for and
 * none of its plugins knows what to do with them.
 */
export function withPorts(network: Network, { portMappings = [] }: NetworkInfo): Network {
  const able = network.plugins.some(
    (plugin) => hasCapability(plugin, "portMappings") || !INTERFACE_PLUGINS.has(plugin.type),
  )
  if (portMappings.length === 0 || able) return network
  return { ...network, plugins: [...network.plugins, PORT_MAPPER] }
}

/**
 * Why ports cannot be mapped. Plugins would fail at them whenever they are called, so that what they had
 * made could not be given back either.
 */
export function portProblem({ portMappings = [] }: NetworkInfo): string | undefined {
  for (const { hostPort, containerPort, protocol = "tcp" } of portMappings) {
    const what = `cannot map port ${hostPort} of the agent to ${containerPort} of the container`
    if ([hostPort, containerPort].some((port) => port < 1 || port > PORT_MAX))
      return `${what}: a port is a number from 1 to ${PORT_MAX}`
    if (!PROTOCOLS.has(protocol.toLowerCase()))
      return `${what}: its protocol is tcp, udp or sctp, not '${protocol}'`
  }
  return undefined
}

/**
 * Joins a network: each plugin hears what the one before it answered. The value is the last answer; the
 * error is a text for people, after which the network is to be left.
 */
export async function joinNetwork(
  membership: Membership,
  call: ChainCall,
): Promise<Result<unknown, string>> {
  let result: unknown
  for (const plugin of membership.network.plugins) {
    const answer = await callPlugin(pluginCall("ADD", membership, { plugin, result, call }))
    if (!answer.ok) return answer
    if (!isObject(answer.value)) return err(`plugin '${plugin.type}' answered nothing to ADD`)
    result = answer.value
  }
  return ok(result)
}

/** Leaves a network, all of it whatever fails; harmless when repeated. The errors are texts for people. */
export async function leaveNetwork(
  membership: Membership,
  call: ChainCall,
): Promise<readonly string[]> {
  const problems: string[] = []
  const { result } = membership
  for (const plugin of membership.network.plugins.toReversed()) {
    const answer = await callPlugin(pluginCall("DEL", membership, { plugin, result, call }))
    if (!answer.ok) problems.push(answer.error)
  }
  return problems
}

function pluginCall(
  command: PluginCall["command"],
  { network, info, interfaceName }: Membership,
  how: { readonly plugin: PluginConfig; readonly result: unknown; readonly call: ChainCall },
): PluginCall {
  const { plugin, result, call } = how
  const { args, ...rest } = plugin
  const runtimeConfig = runtimeConfigOf(plugin, info)
  const config = {
    ...rest,
    type: plugin.type,
    name: network.name,
    ...(network.cniVersion === undefined ? {} : { cniVersion: network.cniVersion }),
    ...(runtimeConfig === undefined ? {} : { runtimeConfig }),
    // Source: apache/mesos: docs/cni.md (passing labels and port-mapping information to CNI plugins).
    args: {
      ...(isObject(args) ? args : {}),
      "org.apache.mesos": { network_info: encodeMessage("mesos.v1.NetworkInfo", info) },
    },
    ...(result === undefined ? {} : { prevResult: result }),
  }
  return { command, interfaceName, config, ...call }
}

/** What a plugin is told because it says that it can do something with it. */
function runtimeConfigOf(plugin: PluginConfig, info: NetworkInfo): JsonObject | undefined {
  const { portMappings = [], ipAddresses = [] } = info
  const ips = ipAddresses.flatMap(({ ipAddress }) => ipAddress ?? [])
  const config = {
    ...(portMappings.length > 0 && hasCapability(plugin, "portMappings")
      ? {
          portMappings: portMappings.map(({ hostPort, containerPort, protocol = "tcp" }) => ({
            hostPort,
            containerPort,
            protocol: protocol.toLowerCase(),
          })),
        }
      : {}),
    ...(ips.length > 0 && hasCapability(plugin, "ips") ? { ips } : {}),
  }
  return Object.keys(config).length === 0 ? undefined : config
}

const hasCapability = ({ capabilities }: PluginConfig, name: string): boolean =>
  isObject(capabilities) && capabilities[name] === true
