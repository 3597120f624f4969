import type { Fetch, Network, PortDefinition } from "./app.ts"
import type { AppInput } from "./app-input.ts"
import type { PortMapping } from "./container.ts"
import type { Problems } from "./reader.ts"
import type { ModelRules } from "./rules.ts"

// The endings of files that the old `uris` extracted.
const ARCHIVE = /\.(tar|tar\.gz|tar\.bz2|tar\.xz|gz|tgz|tbz2|txz|zip)$/

/** Notes where old and new forms of the same thing are mixed. `path` is where the app stands. */
export function checkMixedForms(input: AppInput, path: string, problems: Problems): void {
  if (input.uris !== undefined && input.fetch !== undefined)
    problems.add(`${path}/uris`, "may not be set in conjunction with fetch")
  if (input.ports !== undefined && input.portDefinitions !== undefined)
    problems.add(path, "cannot specify both ports and port definitions")
  if (hasRepeats((input.ports ?? []).filter((port) => port !== 0)))
    problems.add(`${path}/ports`, "ports must be unique")
  if (input.container?.docker?.credential !== undefined)
    problems.add(`${path}/container/docker/credential`, "must be empty")
  if (input.networks !== undefined && input.container?.docker?.network !== undefined)
    problems.add(path, "must not specify both container.docker.network and networks")
  if (input.ipAddress === undefined) return
  if (input.networks !== undefined)
    problems.add(path, "must not specify both networks and ipAddress")
  if ((input.ports ?? []).length > 0 || (input.portDefinitions ?? []).length > 0)
    problems.add(path, "cannot specify both an IP address and port")
  if (input.ipAddress.discovery !== undefined && input.container?.type === "DOCKER")
    problems.add(path, "ipAddress/discovery is not allowed for Docker containers")
}

/** Whether a list holds anything twice. */
export const hasRepeats = (items: readonly unknown[]): boolean =>
  new Set(items).size !== items.length

/** What is fetched: the new form, or the old one turned into it. */
export const fetchOf = (input: AppInput): readonly Fetch[] | undefined =>
  input.fetch ??
  input.uris?.map((uri) => ({
    uri,
    extract: ARCHIVE.test(uri),
    executable: false,
    cache: false,
  }))

/** The port definitions: the new form, or the old one turned into it. */
export const portDefinitionsOf = (input: AppInput): readonly PortDefinition[] | undefined =>
  input.portDefinitions ?? input.ports?.map((port) => ({ port, protocol: "tcp", labels: {} }))

/** The container's port mappings: the new form, or either of the old ones turned into it. */
export function portMappingsOf(input: AppInput): readonly PortMapping[] | undefined {
  const declared = input.container?.portMappings ?? input.container?.docker?.portMappings
  return (
    declared ??
    input.ipAddress?.discovery?.ports.map(({ number, name, protocol }) => ({
      containerPort: number,
      servicePort: 0,
      protocol,
      name,
      labels: {},
      networkNames: [],
    }))
  )
}

/** The networks: the new form, or the old ones turned into it. Names are not filled in yet. */
export function networksOf(
  input: AppInput,
  rules: ModelRules,
  problems: Problems,
): readonly Network[] | undefined {
  if (input.networks !== undefined) return input.networks
  const engine = input.container?.docker?.network
  const labels = input.ipAddress?.labels ?? {}
  const name = input.ipAddress?.networkName
  switch (engine) {
    case "BRIDGE":
      return [{ mode: "container/bridge", labels }]
    case "HOST":
      return [{ mode: "host", labels: {} }]
    case "USER":
      return [named(name, labels)]
    case "NONE":
      problems.refuse("unsupported docker network type NONE")
      return undefined
    case undefined:
      if (input.ipAddress === undefined) return undefined
      return name === rules.bridgeName
        ? [{ mode: "container/bridge", labels }]
        : [named(name, labels)]
    default:
      return engine satisfies never
  }
}

const named = (name: string | undefined, labels: Network["labels"]): Network =>
  name === undefined ? { mode: "container", labels } : { mode: "container", name, labels }
