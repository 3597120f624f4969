import type { Labels } from "#lib/mesos/index.ts"

/** A map as Mesos labels, in the map's order; undefined when it is empty. */
export function labelsOf(labels: Readonly<Record<string, string>>): Labels | undefined {
  const entries = Object.entries(labels).map(([key, value]) => ({ key, value }))
  return entries.length > 0 ? { labels: entries } : undefined
}
