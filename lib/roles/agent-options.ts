import { measureMachine, systemClock } from "#lib/io/index.ts"
import type { AgentLimits, ReconfigurationPolicy } from "#lib/agent/index.ts"
import type { DaemonSettings } from "#lib/std/daemon-settings.ts"
import type { AgentRoleOptions } from "./agent.ts"
import type { AGENT_SETTINGS } from "./agent-settings.ts"
import { fetcherOptions } from "./fetcher-options.ts"
import { containerOptions } from "./container-options.ts"
import { executorOptions } from "./executor-options.ts"
import { domainOf } from "./domain.ts"
import { isolationOf } from "./isolation.ts"
import { daemonLog } from "./process.ts"
import { TimedVerbosity } from "./timed-verbosity.ts"
import { addressOf, defaultWorkDir, LOG_LEVELS, type RoleEnvironment } from "./settings.ts"

const POLICIES = ["equal", "additive", "any"] as const satisfies readonly ReconfigurationPolicy[]

/** The settings of an agent. */
export type AgentSettings = DaemonSettings<typeof AGENT_SETTINGS>

/** What an agent is started with. Throws a `SettingError` for a wrong value. */
export function agentOptions(
  settings: AgentSettings,
  environment: RoleEnvironment & { readonly executable: string },
): AgentRoleOptions {
  const machine = measureMachine()
  const listenIp = settings.required("ip")
  const ip = settings.text("advertiseIp") ?? addressOf(listenIp, machine.ip)
  const logLevel = settings.oneOf("logLevel", LOG_LEVELS)
  const log = daemonLog(logLevel)
  const workDir = settings.text("workDir") ?? defaultWorkDir("agent", environment)
  const isolation = isolationOf(settings, workDir)
  return {
    workDir,
    processes: isolation.processes,
    hostname: settings.text("hostname") ?? ip,
    ip,
    listenIp,
    port: settings.count("port", 1, 65_535),
    insecureApi: settings.on("insecureApi"),
    resources: settings.text("resources"),
    attributes: settings.text("attributes"),
    defaultRole: settings.required("defaultRole"),
    domain: domainOf(settings),
    gpuDevices: gpuIndices(settings),
    strict: settings.on("strict"),
    recover: settings.oneOf("recover", ["reconnect", "cleanup"]),
    reconfigurationPolicy: settings.oneOf("reconfigurationPolicy", POLICIES),
    limits: limitsOf(settings),
    fetcher: fetcherOptions(settings, environment),
    diskWatch: {
      intervalMs: settings.duration("containerDiskWatchInterval"),
      enforce: isolation.disk,
    },
    portWatch: isolation.ports,
    csiPluginConfigDir: settings.text("csiPluginConfigDir"),
    creatableHostPaths: settings
      .text("hostPathVolumeForceCreation")
      ?.split(":")
      .filter((path) => path !== ""),
    dockerSocket: settings.required("dockerSocket"),
    executors: executorOptions(settings, workDir),
    switchUser: settings.on("switchUser"),
    gcCalledSandboxes: settings.on("gcNonExecutorContainerSandboxes"),
    containers: containerOptions(settings, isolation),
    contained: isolation.contained,
    executable: environment.executable,
    flags: {
      ...settings.inEffect(),
      isolation: isolation.names,
      launcher: isolation.launcher,
    },
    log,
    logVerbosity: new TimedVerbosity(log, logLevel, systemClock),
  }
}

function gpuIndices(settings: AgentSettings): readonly number[] | undefined {
  const parts = settings.list("nvidiaGpuDevices")
  if (parts?.every((part) => /^\d{1,4}$/.test(part)) === false)
    settings.refuse("nvidiaGpuDevices", "must be numbers with commas between them, such as 0,1")
  return parts?.map(Number)
}

const limitsOf = (settings: AgentSettings): Partial<AgentLimits> => ({
  registrationBackoffMs: settings.duration("registrationBackoffFactor"),
  launchTimeoutMs: settings.duration("launchTimeout"),
  executorRegistrationMs: settings.duration("executorRegistrationTimeout"),
  executorReturnMs: returnTime(settings),
  recoveryTimeoutMs: settings.duration("recoveryTimeout"),
  shutdownGraceMs: settings.duration("executorShutdownGracePeriod"),
  gcDelayMs: settings.duration("gcDelay"),
  gcDiskHeadroom: settings.share("gcDiskHeadroom"),
  diskWatchMs: settings.duration("diskWatchInterval"),
  completedExecutorsPerFramework: settings.count("maxCompletedExecutorsPerFramework"),
})

/** Whoever waits longer keeps the resources of executors that are gone. Source: apache/mesos: src/slave/constants.hpp. */
const RETURN_MS_MAX = 15_000

function returnTime(settings: AgentSettings): number {
  const key = "executorReregistrationTimeout"
  const time = settings.duration(key)
  return time <= RETURN_MS_MAX ? time : settings.refuse(key, "must be 15secs at most")
}
