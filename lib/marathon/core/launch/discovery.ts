import type { DiscoveryInfo, Port } from "#lib/mesos/index.ts"
import { segmentsOf } from "#lib/marathon/model/index.ts"
import type { App, PathId, PortMapping } from "#lib/marathon/model/index.ts"
import type { TaskPorts } from "./container-info.ts"
import { labelsOf } from "./labels.ts"

/** The name of an app's tasks: "web.prod" for "/prod/web". */
export const taskNameOf = (id: PathId): string => [...segmentsOf(id)].reverse().join(".")

/** What service discovery may know of a task. Source: marathon-api reference, section 6.9. */
export function discoveryOf(app: App, ports: TaskPorts): DiscoveryInfo {
  const isHost = app.networks.some((network) => network.mode === "host")
  const listed = isHost
    ? app.portDefinitions.flatMap((definition, index) => {
        const number = ports.hostPorts[index] ?? null
        return number === null ? [] : byProtocol(number, definition, definition.labels)
      })
    : (app.container?.portMappings ?? []).flatMap((mapping, index) =>
        mappedPorts(app, mapping, index, ports),
      )
  return { visibility: "FRAMEWORK", name: taskNameOf(app.id), ports: { ports: listed } }
}

function mappedPorts(
  app: App,
  mapping: PortMapping,
  index: number,
  ports: TaskPorts,
): readonly Port[] {
  const hostPort = ports.hostPorts[index] ?? null
  if (hostPort !== null)
    return byProtocol(hostPort, mapping, { ...mapping.labels, "network-scope": "host" })
  const number = ports.containerPorts[index] ?? mapping.containerPort
  const networks = app.networks.filter(
    ({ name }) =>
      mapping.networkNames.length === 0 ||
      (name !== undefined && mapping.networkNames.includes(name)),
  )
  return networks.flatMap(({ name }) => {
    const network = name === undefined ? {} : { "network-name": name }
    const labels = { ...mapping.labels, "network-scope": "container", ...network }
    return byProtocol(number, mapping, labels)
  })
}

function byProtocol(
  number: number,
  declared: { readonly protocol: string; readonly name?: string | undefined },
  labels: Readonly<Record<string, string>>,
): readonly Port[] {
  return declared.protocol
    .split(",")
    .map((protocol) => ({ number, name: declared.name, protocol, labels: labelsOf(labels) }))
}
