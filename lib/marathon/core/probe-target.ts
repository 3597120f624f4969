import type { ProbeTarget } from "#lib/ports/index.ts"
import type { App, HealthCheck, ReadinessCheck } from "../model/index.ts"
import type { Instance } from "./records.ts"

/** What a health check that Marathon runs asks, or undefined while the address is not known. */
export function healthTarget(
  app: App,
  check: HealthCheck,
  instance: Instance,
): ProbeTarget | undefined {
  const address =
    check.port === undefined
      ? addressOfPort(app, check.portIndex ?? 0, instance)
      : hostAddress(instance, check.port)
  if (address === undefined) return undefined
  if (check.protocol === "TCP") return { kind: "tcp", ...address }
  const scheme = check.protocol === "HTTPS" ? "https" : "http"
  return { kind: "http", scheme, ...address, path: withSlash(check.path ?? "") }
}

/** What a readiness check asks, or undefined while the address is not known. */
export function readinessTarget(
  app: App,
  check: ReadinessCheck,
  instance: Instance,
): ProbeTarget | undefined {
  const index = portNames(app).indexOf(check.portName)
  const address = index < 0 ? undefined : addressOfPort(app, index, instance)
  if (address === undefined) return undefined
  const scheme = check.protocol === "HTTPS" ? "https" : "http"
  return { kind: "http", scheme, ...address, path: withSlash(check.path) }
}

const withSlash = (path: string): string => (path.startsWith("/") ? path : `/${path}`)

const portNames = (app: App): readonly (string | undefined)[] =>
  app.networks.some((network) => network.mode === "host")
    ? app.portDefinitions.map((definition) => definition.name)
    : (app.container?.portMappings ?? []).map((mapping) => mapping.name)

type Address = { readonly host: string; readonly port: number }

const hostAddress = (instance: Instance, port: number): Address | undefined =>
  instance.placement === undefined ? undefined : { host: instance.placement.host, port }

// A mapping without a host port is reached at the container's own address.
function addressOfPort(app: App, index: number, instance: Instance): Address | undefined {
  const hostPort = instance.task?.portsByIndex[index]
  if (hostPort !== undefined && hostPort !== null) return hostAddress(instance, hostPort)
  const mapping = app.container?.portMappings[index]
  const address = instance.task?.ipAddresses[0]?.ipAddress
  if (mapping === undefined || address === undefined) return undefined
  return { host: address, port: mapping.containerPort }
}
