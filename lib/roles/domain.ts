import { decodeMessage, type DomainInfo } from "#lib/mesos/index.ts"
import type { DaemonSettings } from "#lib/std/daemon-settings.ts"

/** The fault domain that a daemon's settings say. */
export function domainOf<T extends { readonly domain: { readonly help: string } }>(
  settings: DaemonSettings<T>,
): DomainInfo | undefined {
  const json = settings.json("domain")
  if (json === undefined) return undefined
  const decoded = decodeMessage("mesos.v1.DomainInfo", json)
  return decoded.ok ? decoded.value : settings.refuse("domain", decoded.error.message)
}
