import {
  normalizeResources,
  parseResources,
  rangesResource,
  renderResource,
  scalarResource,
  toMilli,
  type Resource,
  type Resources,
} from "#lib/mesos/index.ts"
import { err, ok, type Result } from "#lib/std/result.ts"

/** What was measured of the node; undefined where it could not be. */
export type NodeFacts = {
  /** NVIDIA GPUs. */
  readonly gpus?: number | undefined
  readonly cpus: number | undefined
  readonly memMib: number | undefined
  /** Size of the file system that holds the work directory, MiB. */
  readonly diskMib: number | undefined
}

/** Kept for the system: this much, from twice as much on; half of it below that. MiB. */
const SYSTEM_MEM_MIB = 1024
const SYSTEM_DISK_MIB = 5 * 1024

/** Amounts where nothing could be measured. Source: apache/mesos: src/slave/constants.hpp. */
const DEFAULT_CPUS = 1
const DEFAULT_MEM_MIB = 1024
const DEFAULT_DISK_MIB = 10 * 1024

/** Ports that tasks may be given. */
const DEFAULT_PORTS = { begin: 31_000, end: 32_000 }

/**
 * The resources of an agent: what `--resources` says, completed with what was measured for each of
 * cpus, mem, disk and ports that it does not name. Fails with a text for people when `text` is wrong.
 * Source: apache/mesos: src/slave/containerizer/containerizer.cpp (resources).
 */
export function agentResources(
  text: string | undefined,
  facts: NodeFacts,
  defaultRole?: string,
): Result<Resources, { readonly message: string }> {
  const given = parseResources(text ?? "", defaultRole)
  if (!given.ok) return given
  for (const resource of given.value) {
    const made = madeLater(resource)
    if (made !== undefined) return err({ message: `${renderResource(resource)}: ${made}` })
  }
  const named = new Set(given.value.map(({ name }) => name))
  const measured = detectResources(facts).filter(({ name }) => !named.has(name))
  return ok(normalizeResources([...given.value, ...measured]))
}

/** Why a resource cannot be what an agent begins with. Source: apache/mesos: src/slave/slave.cpp. */
function madeLater({ disk, reservations, revocable, shared }: Resource): string | undefined {
  if (revocable === true) return "revocable resources are estimated, not given"
  if (disk?.persistence !== undefined || shared === true)
    return "volumes are made by operations, not given"
  return reservations.some(({ type }) => type === "DYNAMIC")
    ? "dynamic reservations are made by operations; give a static one as name(role):amount"
    : undefined
}

/** What a node of this size offers when its operator says nothing. */
export function detectResources({ cpus, gpus = 0, memMib, diskMib }: NodeFacts): Resources {
  const list: Resource[] = [
    scalarResource("cpus", toMilli(cpus ?? DEFAULT_CPUS)),
    scalarResource("mem", toMilli(offered(memMib, SYSTEM_MEM_MIB) ?? DEFAULT_MEM_MIB)),
    scalarResource("disk", toMilli(offered(diskMib, SYSTEM_DISK_MIB) ?? DEFAULT_DISK_MIB)),
    rangesResource("ports", [DEFAULT_PORTS]),
    ...(gpus === 0 ? [] : [scalarResource("gpus", toMilli(gpus))]),
  ]
  return normalizeResources(list)
}

/** What is left of `total` when the system has its part. */
function offered(total: number | undefined, systemPart: number): number | undefined {
  if (total === undefined) return undefined
  return Math.floor(total >= 2 * systemPart ? total - systemPart : total / 2)
}
