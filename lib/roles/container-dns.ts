import type { ContainerDns, NetworkDns } from "#lib/io/index.ts"
import { err, ok, type Result } from "#lib/std/result.ts"

/** How names are resolved in networks, by who runs the containers. */
export type DefaultDns = {
  readonly mesos: ContainerDns
  readonly docker: ContainerDns
}

const MODES = { mesos: ["CNI"], docker: ["BRIDGE", "USER"] } as const

/**
 * Reads `--default_container_dns`. The error is a text for people.
 * Source: apache/mesos: include/mesos/v1/mesos.proto (ContainerDNSInfo), docs/configuration/agent.md.
 */
export function parseDefaultDns(json: unknown): Result<DefaultDns, string> {
  const made: { mesos: ContainerDns; docker: ContainerDns } = { mesos: [], docker: [] }
  if (!isObject(json)) return err("must be a JSON object with 'mesos' and 'docker'")
  for (const kind of ["mesos", "docker"] as const) {
    const entries = json[kind] ?? []
    if (!Array.isArray(entries)) return err(`'${kind}' must be a list`)
    const list: ContainerDns[number][] = []
    for (const entry of entries as readonly unknown[]) {
      const parsed = parseEntry(entry, MODES[kind])
      if (!parsed.ok) return err(`'${kind}': ${parsed.error}`)
      const { mode, network } = parsed.value
      if (list.some((other) => other.mode === mode && other.network === network))
        return err(`'${kind}' says twice what network '${network ?? mode}' has`)
      list.push(parsed.value)
    }
    made[kind] = list
  }
  return ok(made)
}

function parseEntry(
  entry: unknown,
  modes: readonly string[],
): Result<ContainerDns[number], string> {
  if (!isObject(entry)) return err("every entry must be an object")
  const { network_mode: mode, network_name: network, dns } = entry
  if (typeof mode !== "string" || !modes.includes(mode))
    return err(`'network_mode' must be ${modes.join(" or ")}`)
  if (network !== undefined && (typeof network !== "string" || mode === "BRIDGE"))
    return err("'network_name' must be the name of a network, and BRIDGE has none")
  if (!isObject(dns)) return err("'dns' must be an object")
  const texts = (name: keyof NetworkDns): readonly string[] | undefined => {
    const list = dns[name] ?? []
    return Array.isArray(list) && list.every((text) => typeof text === "string" && !/\s/.test(text))
      ? list
      : undefined
  }
  const [nameservers, search, options] = [texts("nameservers"), texts("search"), texts("options")]
  if (nameservers === undefined || search === undefined || options === undefined)
    return err("'nameservers', 'search' and 'options' of 'dns' must be lists of words")
  return ok({
    mode,
    ...(network === undefined ? {} : { network }),
    dns: { nameservers, search, options },
  })
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)
