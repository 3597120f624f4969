import { measureMachine } from "#lib/io/index.ts"
import type { MasterLimits, MasterOptions, MasterTimings } from "#lib/master/index.ts"
import { decodeMessage, type DomainInfo } from "#lib/mesos/index.ts"
import type { DaemonSettings } from "#lib/std/daemon-settings.ts"
import type { MasterRoleOptions } from "./master.ts"
import type { MASTER_SETTINGS } from "./master-settings.ts"
import { DEFAULT_PORTS } from "./ports.ts"
import { daemonLog } from "./process.ts"
import { defaultWorkDir, LOG_LEVELS, type RoleEnvironment } from "./settings.ts"

/** The settings of a master. */
export type MasterSettings = DaemonSettings<typeof MASTER_SETTINGS>

/** What a master is started with. Throws a `SettingError` for a wrong value. */
export function masterOptions(
  settings: MasterSettings,
  environment: RoleEnvironment,
): MasterRoleOptions {
  const machine = measureMachine()
  const ip = settings.text("advertiseIp") ?? machine.ip
  const routerDefault = machine.root ? DEFAULT_PORTS.router : DEFAULT_PORTS.unprivilegedRouter
  return {
    workDir: settings.text("workDir") ?? defaultWorkDir("master", environment),
    cluster: settings.required("cluster"),
    hostname: settings.text("hostname") ?? ip,
    ip,
    listenIp: settings.required("ip"),
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
    flags: settings.inEffect(),
    log: daemonLog(settings.oneOf("logLevel", LOG_LEVELS)),
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
})

const limitsOf = (settings: MasterSettings): Partial<MasterLimits> => ({
  completedFrameworks: settings.count("maxCompletedFrameworks"),
  completedTasks: settings.count("maxCompletedTasksPerFramework"),
  unreachableTasks: settings.count("maxUnreachableTasksPerFramework"),
  unreachableAgents: settings.count("registryMaxAgentCount"),
})

/** Who may have what. */
const policyOf = (
  settings: MasterSettings,
): Pick<MasterOptions, "roles" | "weights" | "rootSubmissions"> => ({
  roles: settings.list("roles"),
  weights: weightsOf(settings),
  rootSubmissions: settings.on("rootSubmissions"),
})

function weightsOf(settings: MasterSettings): Readonly<Record<string, number>> | undefined {
  const pairs = settings.list("weights")?.map((pair): [string, number] => {
    const [role = "", weight = ""] = pair.split("=")
    if (role === "" || !(Number(weight) > 0))
      settings.refuse("weights", `'${pair}' must be a role and a number above 0: prod=2`)
    return [role, Number(weight)]
  })
  return pairs && Object.fromEntries(pairs)
}

function domainOf(settings: MasterSettings): DomainInfo | undefined {
  const json = settings.json("domain")
  if (json === undefined) return undefined
  const decoded = decodeMessage("mesos.v1.DomainInfo", json)
  return decoded.ok ? decoded.value : settings.refuse("domain", decoded.error.message)
}
