import { measureMachine } from "#lib/io/index.ts"
import type { MasterTimings } from "#lib/master/index.ts"
import type { LogLevel } from "#lib/ports/index.ts"
import { parseDuration } from "#lib/std/duration.ts"
import { DEFAULT_PORTS } from "./ports.ts"
import { daemonLog, StartError } from "./process.ts"
import type { AgentRoleOptions } from "./agent.ts"
import type { MasterRoleOptions } from "./master.ts"

/** Flags of `dcos master`, as they were given. */
export type MasterFlags = {
  readonly workDir?: string | undefined
  readonly cluster?: string | undefined
  readonly hostname?: string | undefined
  readonly advertiseIp?: string | undefined
  readonly ip?: string | undefined
  readonly port?: number | undefined
  readonly marathonPort?: number | undefined
  readonly routerPort?: number | undefined
  readonly insecureApi: boolean
  readonly agentPingTimeout?: string | undefined
  readonly maxAgentPingTimeouts?: number | undefined
  readonly agentReregisterTimeout?: string | undefined
  readonly logLevel?: string | undefined
}

/** Flags of `dcos agent`, as they were given. */
export type AgentFlags = {
  readonly workDir?: string | undefined
  readonly hostname?: string | undefined
  readonly advertiseIp?: string | undefined
  readonly ip?: string | undefined
  readonly port?: number | undefined
  readonly resources?: string | undefined
  readonly attributes?: string | undefined
  readonly dockerSocket?: string | undefined
  readonly insecureApi: boolean
  readonly logLevel?: string | undefined
}

/** What a role may read of the process that runs it. */
export type RoleEnvironment = {
  readonly homeDir: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Path of this executable. */
  readonly executable: string
}

const levels: readonly LogLevel[] = ["debug", "info", "warn", "error"]

function parseLevel(text: string | undefined): LogLevel {
  const level = levels.find((one) => one === (text ?? "info"))
  if (level === undefined)
    throw new StartError(`--log-level ${text}: must be one of ${levels.join(", ")}`)
  return level
}

/** Where a daemon keeps its state when nothing is said: /var/lib for root, else the home directory. */
export function defaultWorkDir(role: string, environment: RoleEnvironment): string {
  if (measureMachine().root) return `/var/lib/dcos/${role}`
  const state = environment.env["XDG_STATE_HOME"] ?? `${environment.homeDir}/.local/state`
  return `${state}/dcos/${role}`
}

/** Port 0 would be announced to others before it is known. */
function fixedPort(name: string, port: number): number {
  if (port >= 1 && port <= 65_535) return port
  throw new StartError(`--${name} ${port}: must be between 1 and 65535`)
}

/** The options of a master, completed with defaults. Throws a `StartError` for a wrong value. */
export function masterOptions(flags: MasterFlags, environment: RoleEnvironment): MasterRoleOptions {
  const machine = measureMachine()
  const ip = flags.advertiseIp ?? machine.ip
  return {
    workDir: flags.workDir ?? defaultWorkDir("master", environment),
    cluster: flags.cluster ?? "dcos",
    hostname: flags.hostname ?? ip,
    ip,
    listenIp: flags.ip ?? "0.0.0.0",
    mesosPort: fixedPort("port", flags.port ?? DEFAULT_PORTS.mesos),
    marathonPort: fixedPort("marathon-port", flags.marathonPort ?? DEFAULT_PORTS.marathon),
    routerPort: fixedPort(
      "router-port",
      flags.routerPort ?? (machine.root ? DEFAULT_PORTS.router : DEFAULT_PORTS.unprivilegedRouter),
    ),
    insecureApi: flags.insecureApi,
    requireToken: true,
    timings: masterTimings(flags),
    log: daemonLog(parseLevel(flags.logLevel)),
  }
}

function masterTimings(flags: MasterFlags): Partial<MasterTimings> {
  const { agentPingTimeout, maxAgentPingTimeouts, agentReregisterTimeout } = flags
  return {
    ...(agentPingTimeout === undefined
      ? {}
      : { agentPingMs: duration("agent-ping-timeout", agentPingTimeout) }),
    ...(maxAgentPingTimeouts === undefined ? {} : { agentPingsMissed: maxAgentPingTimeouts }),
    ...(agentReregisterTimeout === undefined
      ? {}
      : { agentReregisterMs: duration("agent-reregister-timeout", agentReregisterTimeout) }),
  }
}

function duration(name: string, text: string): number {
  const ms = parseDuration(text)
  if (!ms.ok) throw new StartError(`--${name}: ${ms.error}`)
  return ms.value
}

/** The options of an agent, completed with defaults. Throws a `StartError` for a wrong value. */
export function agentOptions(flags: AgentFlags, environment: RoleEnvironment): AgentRoleOptions {
  const machine = measureMachine()
  const ip = flags.advertiseIp ?? machine.ip
  return {
    workDir: flags.workDir ?? defaultWorkDir("agent", environment),
    hostname: flags.hostname ?? ip,
    ip,
    listenIp: flags.ip ?? "0.0.0.0",
    port: fixedPort("port", flags.port ?? DEFAULT_PORTS.agent),
    insecureApi: flags.insecureApi,
    resources: flags.resources,
    attributes: flags.attributes,
    dockerSocket: flags.dockerSocket ?? "/var/run/docker.sock",
    executable: environment.executable,
    log: daemonLog(parseLevel(flags.logLevel)),
  }
}

/** Addresses that mean all addresses of the machine. */
const EVERYWHERE: readonly string[] = ["0.0.0.0", "::"]

const isLoopback = (address: string): boolean => address === "::1" || address.startsWith("127.")

type ApiPlace = Pick<MasterRoleOptions, "hostname" | "insecureApi" | "listenIp">

/** The addresses a master listens on: loopback besides another one, where only loopback is answered. */
export const listenHosts = ({ insecureApi, listenIp }: ApiPlace): readonly string[] =>
  insecureApi || EVERYWHERE.includes(listenIp) || isLoopback(listenIp)
    ? [listenIp]
    : [listenIp, "127.0.0.1"]

/** Where whoever started a master reaches its API: by loopback, when that is all it answers on. */
export const apiHost = (options: ApiPlace): string =>
  !options.insecureApi && !isLoopback(options.listenIp) ? "127.0.0.1" : options.hostname
