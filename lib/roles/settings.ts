import { measureMachine } from "#lib/io/index.ts"
import type { LogLevel } from "#lib/ports/index.ts"
import type { MasterRoleOptions } from "./master.ts"

/** What a role may read of the process that runs it. */
export type RoleEnvironment = {
  readonly homeDir: string
  readonly env: Readonly<Record<string, string | undefined>>
}

/** What a daemon's log can be told to hold. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const satisfies readonly LogLevel[]

/** Where a daemon keeps its state when nothing is said: /var/lib for root, else the home directory. */
export function defaultWorkDir(role: string, environment: RoleEnvironment): string {
  if (measureMachine().root) return `/var/lib/dcos/${role}`
  const state = environment.env["XDG_STATE_HOME"] ?? `${environment.homeDir}/.local/state`
  return `${state}/dcos/${role}`
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

const IPV4 = /^\d+(\.\d+){3}$/

/**
 * The address at which others reach a daemon unless it is told: the one that it listens on, if that is
 * one of IPv4, else the machine's. Source: apache/mesos: docs/configuration/master-and-agent.md.
 */
export const addressOf = (listenIp: string, machineIp: string): string =>
  IPV4.test(listenIp) && !EVERYWHERE.includes(listenIp) ? listenIp : machineIp
