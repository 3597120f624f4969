import { measureMachine, systemClock } from "#lib/io/index.ts"
import {
  parseMinimum,
  type AllocationPolicy,
  type MasterLimits,
  type MasterOptions,
  type MasterTimings,
} from "#lib/master/index.ts"
import { parseDuration } from "#lib/std/duration.ts"
import type { DaemonSettings } from "#lib/std/daemon-settings.ts"
import { domainOf } from "./domain.ts"
import { TimedVerbosity } from "./timed-verbosity.ts"
import type { MasterRoleOptions } from "./master.ts"
import type { MASTER_SETTINGS } from "./master-settings.ts"
import { DEFAULT_PORTS } from "./ports.ts"
import { daemonLog } from "./process.ts"
import { addressOf, defaultWorkDir, LOG_LEVELS, type RoleEnvironment } from "./settings.ts"

/** The settings of a master. */
export type MasterSettings = DaemonSettings<typeof MASTER_SETTINGS>

/** What a master is started with. Throws a `SettingError` for a wrong value. */
export function masterOptions(
  settings: MasterSettings,
  environment: RoleEnvironment,
): MasterRoleOptions {
  const machine = measureMachine()
  const listenIp = settings.required("ip")
  const ip = settings.text("advertiseIp") ?? addressOf(listenIp, machine.ip)
  const logLevel = settings.oneOf("logLevel", LOG_LEVELS)
  const log = daemonLog(logLevel)
  const routerDefault = machine.root ? DEFAULT_PORTS.router : DEFAULT_PORTS.unprivilegedRouter
  return {
    workDir: settings.text("workDir") ?? defaultWorkDir("master", environment),
    cluster: settings.required("cluster"),
    hostname: settings.text("hostname") ?? ip,
    ip,
    listenIp,
    // Port 0 would be announced to others before it is known.
    mesosPort: settings.count("port", 1, 65_535),
    marathonPort: settings.count("marathonPort", 1, 65_535),
    routerPort:
      settings.text("routerPort") === undefined
        ? routerDefault
        : settings.count("routerPort", 1, 65_535),
    insecureApi: settings.on("insecureApi"),
    requireToken: true,
    domain: domainOf(settings),
    machine: { ...policyOf(settings), timings: timingsOf(settings), limits: limitsOf(settings) },
    whitelist: settings.text("whitelist"),
    commitLimitMs: settings.duration("registryStoreTimeout"),
    watchesMax: settings.count("maxOperatorEventStreamSubscribers", 1),
    flags: settings.inEffect(),
    log,
    logVerbosity: new TimedVerbosity(log, logLevel, systemClock),
  }
}

const timingsOf = (settings: MasterSettings): Partial<MasterTimings> => ({
  agentPingMs: settings.duration("agentPingTimeout"),
  agentPingsMissed: settings.count("maxAgentPingTimeouts", 1),
  agentReregisterMs: settings.duration("agentReregisterTimeout"),
  refusalPauseMs: settings.duration("allocationInterval"),
  offerMs: settings.optionalDuration("offerTimeout"),
  registrySweepMs: settings.duration("registryGcInterval"),
  unreachableAgentMs: settings.duration("registryMaxAgentAge"),
  allocatorRecoveryMs: settings.duration("allocatorRecoveryTimeout"),
})

const limitsOf = (settings: MasterSettings): Partial<MasterLimits> => ({
  completedFrameworks: settings.count("maxCompletedFrameworks"),
  completedTasks: settings.count("maxCompletedTasksPerFramework"),
  unreachableTasks: settings.count("maxUnreachableTasksPerFramework"),
  unreachableAgents: settings.count("registryMaxAgentCount"),
})

/** Who may have what, and who may join. */
const policyOf = (settings: MasterSettings): Omit<MasterOptions, "info" | "seed"> => ({
  roles: settings.list("roles"),
  weights: weightsOf(settings),
  rootSubmissions: settings.on("rootSubmissions"),
  allocation: allocationOf(settings),
  recoveryFactor: settings.share("allocatorAgentRecoveryFactor"),
  recoveryRemovalLimit: settings.share("recoveryAgentRemovalLimit"),
  removalRate: removalRateOf(settings),
  requireAgentDomain: settings.on("requireAgentDomain"),
})

const SORTERS = ["drf", "random"] as const

function allocationOf(settings: MasterSettings): AllocationPolicy {
  const minimum = parseMinimum(settings.required("minAllocatableResources"))
  return {
    minimum: minimum.ok ? minimum.value : settings.refuse("minAllocatableResources", minimum.error),
    excludedNames: settings.list("fairSharingExcludedResourceNames"),
    roleSorter: settings.oneOf("roleSorter", SORTERS),
    frameworkSorter: settings.oneOf("frameworkSorter", SORTERS),
    filterGpus: settings.on("filterGpuResources"),
  }
}

/** `1/10mins`: how many agents in how long. */
function removalRateOf(settings: MasterSettings): MasterOptions["removalRate"] {
  const text = settings.text("agentRemovalRateLimit")
  if (text === undefined) return undefined
  const [, agents, duration = ""] = /^(\d+)\/(.+)$/.exec(text) ?? []
  const perMs = parseDuration(duration)
  if (!(Number(agents) > 0) || !perMs.ok || perMs.value <= 0)
    return settings.refuse("agentRemovalRateLimit", "must be a rate such as 1/10mins")
  return { agents: Number(agents), perMs: perMs.value }
}

function weightsOf(settings: MasterSettings): Readonly<Record<string, number>> | undefined {
  const pairs = settings.list("weights")?.map((pair): [string, number] => {
    const [role = "", weight = ""] = pair.split("=")
    if (role === "" || !(Number(weight) > 0))
      settings.refuse("weights", `'${pair}' must be a role and a number above 0: prod=2`)
    return [role, Number(weight)]
  })
  return pairs && Object.fromEntries(pairs)
}
