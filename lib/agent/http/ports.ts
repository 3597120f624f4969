import type { ResourceStatistics } from "#lib/mesos/index.ts"
import type {
  Clock,
  ContainerSpec,
  ExecutorTokens,
  FileLocation,
  Log,
  LogVerbosity,
  Sandboxes,
} from "#lib/ports/index.ts"
import type { ContainerCalls } from "#lib/agent/container-calls.ts"
import type { Agent } from "#lib/agent/core/agent.ts"
import type { ExecutorStreams } from "#lib/agent/executor-streams.ts"

/** What was built, for `/version`; members that are not known are left out. */
export type BuildInfo = {
  readonly version: string
  readonly buildDate?: string | undefined
  /** Seconds since the epoch. */
  readonly buildTime?: number | undefined
  readonly buildUser?: string | undefined
  readonly gitSha?: string | undefined
}

/** What the agent's HTTP API is given. */
export type AgentHttpOptions = {
  /** A running agent; AgentDriver is one. */
  readonly driver: {
    readonly agent: Agent
    readonly recoverySeconds: number
    readonly fetches: { readonly succeeded: number; readonly failed: number }
    readonly executors: Pick<ExecutorStreams, "open" | "close" | "call">
    statistics(spec: ContainerSpec): Promise<ResourceStatistics | undefined>
    readonly calls: Pick<ContainerCalls, "ask" | "attach" | "endSession" | "leave">
  }
  readonly sandboxes: Pick<Sandboxes, "stat" | "list" | "read" | "download">
  /** Removes the images that no container uses, but for these; absent where there is no store. */
  readonly pruneImages?: ((excluded: readonly string[]) => Promise<unknown>) | undefined
  /** Absent: executors are believed. */
  readonly executorTokens?: Pick<ExecutorTokens, "read"> | undefined
  /** Whether calls of executors that show no token are refused (`--authenticate_http_executors`). */
  readonly requireExecutorTokens?: boolean | undefined
  readonly clock: Clock
  readonly log: Log
  /** Absent: what the log says cannot be changed. */
  readonly logVerbosity?: LogVerbosity | undefined
  readonly build: BuildInfo
  /** Settings in effect by flag name, for `/flags` and `/state`. */
  readonly flags: Readonly<Record<string, string>>
  /** When this process started, milliseconds since the epoch. */
  readonly startedAt: number
  /** Host name of the master that the link leads to, when there is one. */
  readonly masterHostname?: (() => string | undefined) | undefined
  /** The agent's own log file, served as "/slave/log". */
  readonly logFile?: FileLocation | undefined
  /** Metrics of the machine (`system/…`), added to the agent's own. */
  readonly systemMetrics?: (() => Readonly<Record<string, number>>) | undefined
}
