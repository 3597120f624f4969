import type { ContainerCreateOptions, EndpointSettings } from "dockerode"
import type { Apply, Draft } from "./parameter-kinds.ts"

/** More ports than this in one range are a slip of the pen. */
const RANGE_MAX = 1024

/** "80", "8080:80/udp", "127.0.0.1:8080:80", or ranges of the same length on both sides. */
export const publish: Apply = (draft, value) => {
  const pattern =
    /^(?:(?:([\d.]+|\[[\da-f:]+\]):)?(\d*|\d+-\d+):)?(\d+|\d+-\d+)(?:\/(tcp|udp|sctp))?$/i
  const match = pattern.exec(value)
  if (match === null) return "must look like 8080:80/tcp"
  const [, ip = "", onHost = "", inContainer = "", protocol = "tcp"] = match
  const ports = portsOf(inContainer)
  const hostPorts = onHost === "" ? [] : portsOf(onHost)
  if (ports === undefined || hostPorts === undefined) return "must name ports from low to high"
  if (hostPorts.length > 0 && hostPorts.length !== ports.length)
    return "must have as many ports of the host as of the container"
  const hostIp = ip.replace(/^\[(.*)\]$/, "$1")
  for (const [index, port] of ports.entries())
    addPort(draft, { hostIp, hostPort: `${hostPorts[index] ?? ""}`, port: `${port}/${protocol}` })
  return undefined
}

/** "80", "80/udp" or "8000-8010". */
export const expose: Apply = (draft, value) => {
  const [range = "", protocol = "tcp"] = value.split("/")
  const ports = /^\d+(-\d+)?$/.test(range) ? portsOf(range) : undefined
  if (ports === undefined) return "must look like 80/tcp"
  for (const port of ports)
    draft.ExposedPorts = { ...draft.ExposedPorts, [`${port}/${protocol}`]: {} }
  return undefined
}

function portsOf(range: string): readonly number[] | undefined {
  const [first = 0, last = first] = range.split("-").map(Number)
  const count = last - first + 1
  if (count < 1 || count > RANGE_MAX || last > 65_535) return undefined
  return Array.from({ length: count }, (_, index) => first + index)
}

/** Publishes a port of the container, such as "80/tcp". */
export function addPort(
  draft: Draft,
  mapping: { readonly hostIp?: string; readonly hostPort: string; readonly port: string },
): void {
  const { hostIp = "", hostPort, port } = mapping
  type Bindings = Record<string, { HostIp: string; HostPort: string }[]>
  const bindings = (draft.HostConfig.PortBindings ?? {}) as Bindings
  bindings[port] = [...(bindings[port] ?? []), { HostIp: hostIp, HostPort: hostPort }]
  draft.HostConfig.PortBindings = bindings
  draft.ExposedPorts = { ...draft.ExposedPorts, [port]: {} }
}

/** A network by name, or "name=blue,alias=web,ip=10.0.0.2", which names more of the container there. */
export const network: Apply = (draft, value) => {
  if (!value.includes("=")) {
    draft.HostConfig.NetworkMode = value
    return undefined
  }
  for (const field of value.split(",")) {
    const at = field.indexOf("=")
    const [key, content] = [field.slice(0, at), field.slice(at + 1)]
    if (key === "name") draft.HostConfig.NetworkMode = content
    else if (key === "alias") alias(draft, content)
    else if (key === "ip") ip("IPv4Address")(draft, content)
    else if (key === "ip6") ip("IPv6Address")(draft, content)
    else if (key === "mac-address") draft.MacAddress = content
    else return "must be a network, or fields such as name=blue,alias=web"
  }
  return undefined
}

/** One more name of the container on its network. */
export const alias: Apply = (draft, value) => {
  const known = draft.endpoint?.Aliases ?? []
  draft.endpoint = { ...draft.endpoint, Aliases: [...known, value] }
  return undefined
}

/** An address of the container on its network. */
export const ip =
  (field: "IPv4Address" | "IPv6Address"): Apply =>
  (draft, value) => {
    const known = draft.endpoint?.IPAMConfig
    draft.endpoint = { ...draft.endpoint, IPAMConfig: { ...known, [field]: value } }
    return undefined
  }

/** One more link-local address. */
export const linkLocalIp: Apply = (draft, value) => {
  const known = draft.endpoint?.IPAMConfig
  const addresses = [...(known?.LinkLocalIPs ?? []), value]
  draft.endpoint = { ...draft.endpoint, IPAMConfig: { ...known, LinkLocalIPs: addresses } }
  return undefined
}

const BUILT_IN = ["", "default", "bridge", "host", "none"]

/** The request as the daemon takes it. Links of networks of users belong to the endpoint there. */
export function finished({ endpoint, ...draft }: Draft): ContainerCreateOptions {
  const { HostConfig: host } = draft
  const mode = host.NetworkMode ?? ""
  const isUsers = !BUILT_IN.includes(mode) && !mode.startsWith("container:")
  const links = host.Links as string[] | undefined
  if (endpoint === undefined && (links === undefined || !isUsers)) return draft
  const settings: EndpointSettings =
    isUsers && links !== undefined ? { ...endpoint, Links: links } : { ...endpoint }
  return { ...draft, NetworkingConfig: { EndpointsConfig: { [mode]: settings } } }
}
