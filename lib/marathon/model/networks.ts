import type { Network, PortDefinition } from "./app.ts"
import type { AppFields } from "./app-patch.ts"
import type { Container, PortMapping } from "./container.ts"
import type { Problems } from "./reader.ts"
import type { ModelRules } from "./rules.ts"

/** The networks with their names filled in; the host's when none are given. */
export function settleNetworks(
  given: readonly Network[] | undefined,
  rules: ModelRules,
  problems: Problems,
): readonly Network[] {
  if (given === undefined || given.length === 0) return [{ mode: "host", labels: {} }]
  return given.map((network) => {
    if (network.mode !== "container" || network.name !== undefined) return network
    if (rules.defaultNetworkName === undefined)
      problems.refuse("Network name must be specified when container network is selected.")
    return { ...network, name: rules.defaultNetworkName ?? "" }
  })
}

/** The port declarations that an app ends up with, and the container that carries them. */
export type SettledPorts = {
  readonly portDefinitions: readonly PortDefinition[]
  readonly container: Container | undefined
}

/**
 * Keeps the port declarations that fit the networks and fills in the default ones: definitions on the
 * host network, a container's mappings on all others. Definitions that do not fit lend their number.
 */
export function settlePorts(fields: AppFields, networks: readonly Network[]): SettledPorts {
  const { container, portDefinitions } = fields
  if (networks.some((network) => network.mode === "host"))
    return {
      portDefinitions: portDefinitions ?? [
        { port: 0, protocol: "tcp", name: "default", labels: {} },
      ],
      container: container && { ...container, portMappings: [] },
    }
  const mappings = pad(
    container?.portMappings ?? (portDefinitions === undefined ? [DEFAULT_MAPPING] : []),
    portDefinitions?.length ?? 0,
  )
  const bridged = networks.some((network) => network.mode === "container/bridge")
  return {
    portDefinitions: [],
    container: {
      ...(container ?? { type: "MESOS", volumes: [] }),
      portMappings: bridged ? mappings.map((mapping) => ({ hostPort: 0, ...mapping })) : mappings,
    },
  }
}

const EMPTY_MAPPING: PortMapping = {
  containerPort: 0,
  servicePort: 0,
  protocol: "tcp",
  labels: {},
  networkNames: [],
}

const DEFAULT_MAPPING: PortMapping = { ...EMPTY_MAPPING, name: "default" }

function pad(mappings: readonly PortMapping[], length: number): readonly PortMapping[] {
  const missing = Math.max(0, length - mappings.length)
  return [...mappings, ...Array.from({ length: missing }, () => EMPTY_MAPPING)]
}
