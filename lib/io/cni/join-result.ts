import type { NetworkDns } from "#lib/io/host/container-dns.ts"
import { isObject } from "./network.ts"

/** What a network gave a container. */
export type JoinResult = {
  /** Without their prefix, in the plugin's order but those of IPv4 first. */
  readonly addresses: readonly string[]
  readonly dns: NetworkDns
}

/**
 * Reads what the last plugin of a network answered, in the form of any version of the interface.
 * Source: containernetworking/cni: SPEC.md of 0.2.0 (`ip4`, `ip6`), 0.3.1 and 1.0.0 (`ips`).
 */
export function parseJoinResult(json: unknown): JoinResult {
  const answer = isObject(json) ? json : {}
  const { ip4, ip6, ips, dns } = answer
  const old = [ip4, ip6].map((each) => (isObject(each) ? each["ip"] : undefined))
  const listed = Array.isArray(ips) ? (ips as readonly unknown[]) : []
  const given = [...old, ...listed.map((each) => (isObject(each) ? each["address"] : undefined))]
  const addresses = given.flatMap((each) =>
    typeof each === "string" && each !== "" ? [each.replace(/\/\d+$/, "")] : [],
  )
  return {
    addresses: [
      ...addresses.filter((each) => !each.includes(":")),
      ...addresses.filter((each) => each.includes(":")),
    ],
    dns: dnsOf(dns),
  }
}

function dnsOf(json: unknown): NetworkDns {
  const dns = isObject(json) ? json : {}
  const texts = (value: unknown): readonly string[] =>
    Array.isArray(value) ? value.filter((each) => typeof each === "string") : []
  const { domain } = dns
  return {
    nameservers: texts(dns["nameservers"]),
    ...(typeof domain === "string" && domain !== "" ? { domain } : {}),
    search: texts(dns["search"]),
    options: texts(dns["options"]),
  }
}
