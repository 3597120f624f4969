import type { NetworkDns } from "#lib/io/host/container-dns.ts"

/** Files of a container in a network of its own, by their name in /etc. */
export type ContainerFiles = Readonly<Record<"hosts" | "hostname" | "resolv.conf", string>>

/** What the files are made of. */
export type FilesInput = {
  readonly hostname: string
  /** The container's own addresses. */
  readonly addresses: readonly string[]
  /** How names are resolved; as on the machine where nobody says. */
  readonly dns: NetworkDns | undefined
  /** The machine's /etc/resolv.conf. */
  readonly machineResolv: string
}

/**
 * The files by which a container knows itself and others. Source: apache/mesos:
 * src/slave/containerizer/mesos/isolators/network/cni/cni.cpp (attach, isolate).
 */
export const containerFiles = (input: FilesInput): ContainerFiles => ({
  hosts: hosts(input),
  hostname: `${input.hostname}\n`,
  "resolv.conf": input.dns === undefined ? input.machineResolv : resolv(input.dns),
})

function hosts({ addresses, hostname }: FilesInput): string {
  const own = addresses.find((address) => !address.includes(":")) ?? addresses[0]
  const lines = [
    "127.0.0.1 localhost",
    "::1 localhost ip6-localhost ip6-loopback",
    own === undefined ? `127.0.0.1 ${hostname}` : `${own} ${hostname}`,
  ]
  return `${lines.join("\n")}\n`
}

function resolv({ nameservers, domain, search, options }: NetworkDns): string {
  const lines = [
    ...(domain === undefined ? [] : [`domain ${domain}`]),
    ...(search.length === 0 ? [] : [`search ${search.join(" ")}`]),
    ...(options.length === 0 ? [] : [`options ${options.join(" ")}`]),
    ...nameservers.map((address) => `nameserver ${address}`),
  ]
  return `${lines.join("\n")}\n`
}

/**
 * A container in a network of its own does not reach a server on the machine's loopback interface:
 * where there is no other, what that server asks takes its place, if that is known.
 */
export function reachableResolv(used: string, behind: string): string {
  const servers = (text: string): readonly string[] =>
    [...text.matchAll(/^\s*nameserver\s+(\S+)/gm)].map(([, address = ""]) => address)
  const reached = (text: string): boolean =>
    servers(text).some((address) => !/^(127\.|::1$)/.test(address))
  return !reached(used) && reached(behind) ? behind : used
}
