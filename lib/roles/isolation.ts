import {
  agentCgroup,
  cgroupProblem,
  controllerProblem,
  type NetClsRange,
  type ProcessRuntimeOptions,
} from "#lib/io/index.ts"
import type { PortWatchOptions } from "#lib/agent/index.ts"
import {
  normalizeRanges,
  parseResourceJson,
  parseResources,
  rangesOf,
  type Ranges,
} from "#lib/mesos/index.ts"
import type { AgentSettings } from "./agent-options.ts"
import { ISOLATOR_ALIASES, ISOLATORS, type Isolator } from "./isolators.ts"

/** How tasks are kept within their limits, and from each other. */
export type Isolation = {
  /** The isolators that take effect, for those who ask for the flags. */
  readonly names: string
  /** How tasks without a container run: in one of runc ("linux"), or as processes. */
  readonly launcher: "linux" | "posix"
  /** Isolators that only containers of runc have: without runc the agent must not start. */
  readonly contained: readonly string[]
  readonly processes: Pick<ProcessRuntimeOptions, "cgroups" | "measureMemory">
  /** Whether what containers keep on disk counts. */
  readonly disk: boolean
  /** How the ports are watched that tasks listen on; undefined where they are not. */
  readonly ports: PortWatchOptions | undefined
  /** Class ids of containers' packets; undefined where they have none of their own. */
  readonly netCls: NetClsRange | undefined
  /** No program of a container of runc gains rights that its caller lacks. */
  readonly noNewPrivileges: boolean
}

/**
 * What `--isolation` and `--launcher` ask for; without them, the limits that this machine can keep:
 * cgroups for an agent that runs as root where the kernel has them, measuring elsewhere. Throws a
 * `SettingError` for a name that is no isolator or cannot be had here, saying why.
 */
export function isolationOf(settings: AgentSettings, workDir: string): Isolation {
  const name = agentCgroup(workDir)
  const enableCfs = settings.on("cgroupsEnableCfs")
  const limitSwap = settings.on("cgroupsLimitSwap")
  const measureMemory = settings.on("enforceContainerMemory")
  const disk = settings.on("enforceContainerDiskQuota")
  const named = isolatorsOf(settings)
  if (named === undefined) {
    const able = cgroupProblem(name) === undefined
    const names = able ? "cgroups/cpu,cgroups/mem,disk/du" : "posix/cpu,posix/mem,disk/du"
    const cgroups = able ? { name, cpu: true, memory: true, enableCfs, limitSwap } : undefined
    const processes = { cgroups, measureMemory }
    const launcher = launcherOf(settings) ?? "posix"
    const [ports, netCls] = [portWatch(settings, false), netClsRange(settings, false)]
    const none = { contained: [], noNewPrivileges: false }
    return { ...none, names, launcher, processes, disk, ports, netCls }
  }
  const isolators = [...named].map((each) => ISOLATORS[each] ?? {})
  const effects = new Set(isolators.flatMap((isolator) => isolator.effects ?? []))
  const [cpu, memory] = [effects.has("cpu"), effects.has("memory")]
  const problem = cpu || memory ? cgroupProblem(name) : undefined
  if (problem !== undefined) settings.refuse("isolation", `cgroups cannot be used: ${problem}`)
  const contained = [...named].filter((each) => ISOLATORS[each]?.contained === true)
  const launcher = launcherOf(settings) ?? (contained.length > 0 ? "linux" : "posix")
  if (launcher === "posix" && contained.length > 0)
    settings.refuse("launcher", `${contained.join(", ")} of --isolation needs --launcher=linux`)
  return {
    names: [...named].join(","),
    launcher,
    contained,
    processes: {
      cgroups: cpu || memory ? { name, cpu, memory, enableCfs, limitSwap } : undefined,
      measureMemory,
    },
    disk: disk && effects.has("disk"),
    ports: portWatch(settings, effects.has("ports")),
    netCls: netClsRange(settings, named.has("cgroups/net_cls")),
    noNewPrivileges: effects.has("noNewPrivileges"),
  }
}

/** Where an agent's ports lie that names none. Source: apache/mesos: src/slave/constants.hpp. */
const DEFAULT_PORTS = [{ begin: 31_000, end: 32_000 }]

/** How ports are watched, which only the isolator network/ports does. */
function portWatch(settings: AgentSettings, on: boolean): PortWatchOptions | undefined {
  const ownOnly = settings.on("checkAgentPortRangeOnly")
  const enforce = settings.on("enforceContainerPorts")
  const text = settings.text("containerPortsIsolatedRange")
  for (const key of ["enforceContainerPorts", "checkAgentPortRangeOnly"] as const)
    if (!on && settings.on(key)) settings.refuse(key, "needs network/ports in --isolation")
  if (!on && text !== undefined)
    settings.refuse("containerPortsIsolatedRange", "needs network/ports in --isolation")
  if (!on) return undefined
  if (ownOnly && text !== undefined)
    settings.refuse("containerPortsIsolatedRange", "excludes --check-agent-port-range-only")
  const intervalMs = settings.duration("containerPortsWatchInterval")
  const range = ownOnly ? ownPorts(settings) : text === undefined ? undefined : isolated(settings)
  return { intervalMs, enforce, range }
}

/** The ports that the agent offers. */
function ownPorts(settings: AgentSettings): Ranges {
  const parsed = agentPorts(settings.text("resources") ?? "")
  return parsed ?? DEFAULT_PORTS
}

function isolated(settings: AgentSettings): Ranges {
  const key = "containerPortsIsolatedRange"
  const ports = agentPorts(`ports:${settings.required(key)}`)
  return ports ?? settings.refuse(key, "must be ranges of ports, such as [31000-32000]")
}

/** The ports in a text of resources; undefined where it names none, or is none. */
function agentPorts(text: string): Ranges | undefined {
  const parsed = text.trim().startsWith("[") ? parseResourceJson(text) : parseResources(text)
  const resources = parsed.ok ? parsed.value : []
  const ports = resources.filter(({ name, value }) => name === "ports" && value.kind === "ranges")
  return ports.length === 0 ? undefined : normalizeRanges(rangesOf(ports, "ports"))
}

/** Class ids of packets, which only the isolator cgroups/net_cls gives. */
function netClsRange(settings: AgentSettings, on: boolean): NetClsRange | undefined {
  const [one, two] = ["cgroupsNetClsPrimaryHandle", "cgroupsNetClsSecondaryHandles"] as const
  for (const key of [one, two])
    if (!on && settings.text(key) !== undefined)
      settings.refuse(key, "needs cgroups/net_cls in --isolation")
  return parseNetClsRange(settings.text(one), settings.list(two), {
    primary: (why) => settings.refuse(one, why),
    secondary: (why) => settings.refuse(two, why),
  })
}

/** The class ids that two texts name; refuses what is none. */
export function parseNetClsRange(
  text: string | undefined,
  halves: readonly string[] | undefined,
  refuse: Readonly<Record<"primary" | "secondary", (why: string) => never>>,
): NetClsRange | undefined {
  if (text === undefined)
    return halves === undefined
      ? undefined
      : refuse.secondary("needs --cgroups-net-cls-primary-handle")
  const primary = half(text) ?? refuse.primary("must be a number of 16 bits, such as 0x12")
  const [first, last, ...more] = (halves ?? ["0x1", "0xffff"]).map(half)
  if (!first || last === undefined || last < first || more.length > 0)
    return refuse.secondary("must be two numbers of 16 bits, from 1 on, such as 0x1,0xffff")
  return { primary, first, last }
}

/** A number of 16 bits, decimal or hexadecimal. */
const half = (text: string): number | undefined =>
  /^(?:0[xX][0-9a-fA-F]{1,4}|\d{1,5})$/.test(text) && Number(text) <= 0xffff
    ? Number(text)
    : undefined

const launcherOf = (settings: AgentSettings): "linux" | "posix" | undefined =>
  settings.text("launcher") === undefined
    ? undefined
    : settings.oneOf("launcher", ["linux", "posix"])

/** The isolators that are named, older names replaced; undefined where none are. */
function isolatorsOf(settings: AgentSettings): ReadonlySet<string> | undefined {
  const given = settings.list("isolation")
  if (given === undefined) return undefined
  const refuse = (why: string): never => settings.refuse("isolation", why)
  if (new Set(given).size < given.length) refuse("an isolator is named twice")
  const named = new Set(given.flatMap((name) => ISOLATOR_ALIASES[name] ?? [name]))
  if ([...named].filter((name) => name.startsWith("filesystem/")).length > 1)
    refuse("Using multiple filesystem isolators simultaneously is disallowed")
  for (const name of named) {
    const isolator: Isolator | undefined = ISOLATORS[name]
    if (isolator === undefined) return refuse(`Unknown or unsupported isolator: ${name}`)
    if (isolator.refused !== undefined)
      return refuse(`Unsupported isolator: ${name}: ${isolator.refused}`)
    const { controller } = isolator
    const problem = controller === undefined ? undefined : controllerProblem(controller)
    if (problem !== undefined) return refuse(`${name} cannot be used: ${problem}`)
  }
  return named
}
