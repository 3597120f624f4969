import type { AgentToMaster, MasterToAgent, ResourceStatistics } from "#lib/mesos/index.ts"
import type {
  Clock,
  ContainerRuntime,
  ContainerSpec,
  DiskMeter,
  ExecutorTokens,
  Fetcher,
  Log,
  Sandboxes,
  Store,
  TaskProber,
  Volumes,
} from "#lib/ports/index.ts"
import { Loop } from "#lib/runtime/index.ts"
import { AssertionError } from "#lib/std/assert.ts"
import { err, ok, type Result } from "#lib/std/result.ts"
import { ContainerCalls } from "./container-calls.ts"
import { DiskWatch, runningContainers, type DiskWatchOptions } from "./disk-watch.ts"
import { ContainerActions } from "./container-actions.ts"
import { Agent } from "./core/agent.ts"
import { AGENT_PREFIX } from "./core/checkpoint.ts"
import type { AgentEffect, AgentInput, AgentOptions } from "./core/types.ts"
import { ExecutorStreams } from "./executor-streams.ts"
import { MemoryWatch } from "./memory-watch.ts"
import { listeningContainers, PortWatch, type PortWatchOptions } from "./port-watch.ts"
import { ProbeActions } from "./probe-actions.ts"

/** How long an agent that stops waits for the records of containers that have ended to go. */
const FORGET_MS = 2_000

/** The link to the master. Neither member throws; what is sent while it is closed vanishes. */
export interface MasterLink {
  /** Sends the messages, in order, as one frame. */
  send(messages: readonly AgentToMaster[]): void
  /** Closes the link, if it is open, and opens it anew. */
  reconnect(reason: string): void
}

/** The world an agent acts on. */
export type AgentDriverOptions = {
  /** Which runtimes work is found out by asking them. */
  readonly agent: Omit<AgentOptions, "runtimes">
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
  readonly runtimes: readonly ContainerRuntime[]
  readonly fetcher: Fetcher
  readonly prober: TaskProber
  readonly sandboxes: Sandboxes
  readonly volumes: Volumes
  /** Absent: executors are given no proof of who they are. */
  readonly executorTokens?: ExecutorTokens | undefined
  readonly diskMeter: DiskMeter
  /** Measured every 15 s, and nobody is ended for it, by default. */
  readonly diskWatch?: DiskWatchOptions | undefined
  /** Ports are not looked at by default. */
  readonly portWatch?: PortWatchOptions | undefined
  readonly link: MasterLink
  /** The agent ends and says why: it may not go on, or has `done` what it was started for. */
  readonly onExit: (message: string, done: boolean) => void
  /** The process must stop: see Loop. */
  readonly onFatal: (cause: unknown) => void
}

/** Runs an agent machine: feeds it what its ports report and performs what it asks for. */
export class AgentDriver {
  /** The machine, for its HTTP API; only to be read. */
  readonly agent: Agent
  /** How long it took to read what was stored. */
  readonly recoverySeconds: number
  readonly #options: AgentDriverOptions
  readonly #loop: Loop<AgentInput, AgentEffect>
  readonly #containers: ContainerActions
  readonly #probes: ProbeActions
  readonly #disks: DiskWatch
  readonly #memory: MemoryWatch
  readonly #listening: PortWatch
  readonly #calls: ContainerCalls
  /** What executors say and hear, for the HTTP API. */
  readonly executors: ExecutorStreams
  #outbox: AgentToMaster[] = []

  /**
   * Recovers the agent from its store and begins to look for its containers. Refused, with a text
   * for people, when what is stored cannot be read. Open the link afterwards.
   */
  static async start(options: AgentDriverOptions): Promise<Result<AgentDriver, string>> {
    const runtimes = new Set<ContainerSpec["runtime"]>()
    for (const runtime of options.runtimes) {
      const available = await runtime.available()
      if (available.ok) runtimes.add(runtime.name)
      else
        options.log.write("info", `no ${runtime.name} containers: ${available.error}`, {
          runtime: runtime.name,
        })
    }
    const startedAt = options.clock.now()
    const entries = await options.store.scan(AGENT_PREFIX)
    try {
      const agent = new Agent({ ...options.agent, runtimes }, entries)
      return ok(new AgentDriver(options, agent, (options.clock.now() - startedAt) / 1000))
    } catch (cause) {
      if (!(cause instanceof AssertionError)) throw cause
      return err(`the agent's state cannot be read: ${cause.message}`)
    }
  }

  private constructor(options: AgentDriverOptions, agent: Agent, recoverySeconds: number) {
    this.#options = options
    this.agent = agent
    this.recoverySeconds = recoverySeconds
    const { clock, log } = options
    const post = (input: AgentInput): boolean => this.#loop.post(input)
    this.#containers = new ContainerActions({
      ...options,
      available: agent.options.runtimes,
      post,
    })
    this.#probes = new ProbeActions({ ...options, post })
    this.#calls = new ContainerCalls({ ...options, post })
    this.executors = new ExecutorStreams((input) => this.#loop.post(input))
    this.#loop = new Loop<AgentInput, AgentEffect>({
      name: "agent",
      machine: agent,
      store: options.store,
      clock,
      log,
      perform: (effect) => this.#perform(effect),
      flush: () => this.#flush(),
      onFatal: options.onFatal,
    })
    this.#disks = new DiskWatch({ ...options, containers: () => runningContainers(agent), post })
    this.#memory = new MemoryWatch({ ...options, available: agent.options.runtimes, post })
    const listening = () => listeningContainers(agent)
    this.#listening = new PortWatch({ ...options, containers: listening, post })
    this.#loop.post({ kind: "start" })
    this.#disks.start()
    this.#memory.start()
    this.#listening.start()
  }

  /** The link to the master is open. */
  linkOpened(): void {
    this.#loop.post({ kind: "linkOpened" })
  }

  /** The messages of one frame. False when the agent is overloaded or stops: close the link. */
  linkMessages(messages: readonly MasterToAgent[]): boolean {
    for (const message of messages) if (!this.#loop.post({ kind: "message", message })) return false
    return true
  }

  /** The link is gone. */
  linkClosed(): void {
    this.#loop.post({ kind: "linkClosed" })
  }

  /** How many tasks' URIs were fetched in this life, and how many could not be. */
  get fetches(): { readonly succeeded: number; readonly failed: number } {
    return this.#containers.fetches
  }

  /** Resolves once it is known what every container of an earlier life holds. */
  get recovered(): Promise<void> {
    return this.#containers.recovered
  }

  /** What API clients ask of containers. */
  get calls(): ContainerCalls {
    return this.#calls
  }

  /** What a container uses now; undefined when it has ended or cannot be measured. */
  async statistics(spec: ContainerSpec): Promise<ResourceStatistics | undefined> {
    const runtime = this.#options.runtimes.find(({ name }) => name === spec.runtime)
    try {
      const used = await runtime?.statistics(spec)
      return used && { ...used, ...this.#disks.statistics(spec.containerId) }
    } catch {
      return undefined
    }
  }

  /** Stops; every container runs on. */
  async stop(): Promise<void> {
    await this.#loop.stop()
    this.executors.endAll()
    this.#probes.stopAll()
    this.#disks.stop()
    this.#memory.stop()
    this.#listening.stop()
    this.#containers.stop()
    await this.#forgotten()
    for (const runtime of this.#options.runtimes) await runtime.close()
  }

  /** Waits a while for what is left of containers that ended just now to go; the next life goes on. */
  async #forgotten(): Promise<void> {
    const { clock } = this.#options
    const late = Promise.withResolvers<void>()
    const cancel = clock.wakeAt(clock.now() + FORGET_MS, late.resolve)
    await Promise.race([this.#containers.forgotten(), late.promise])
    cancel()
  }

  #perform(effect: AgentEffect): void {
    switch (effect.kind) {
      case "send":
        this.#outbox.push(effect.message)
        return
      case "relink":
        this.#flush()
        return this.#options.link.reconnect(effect.reason)
      case "launch":
        return this.#containers.launch(effect)
      case "resize":
        return this.#containers.resize(effect.spec, effect.volumes)
      case "recover":
        return this.#containers.recover(effect.spec)
      case "removeOrphans":
        return this.#containers.removeOrphans(effect.known)
      case "kill":
        void this.#containers.kill(effect.containerId, effect)
        return
      case "answer":
        return this.#calls.answer(effect.call, effect.answer)
      case "forget":
        return this.#containers.forget(effect.spec)
      case "executorEvent":
        return this.executors.send(effect.connection, effect.event)
      case "closeExecutor":
        return this.executors.end(effect.connection)
      case "probe":
        return this.#probes.start(effect)
      case "stopProbes":
        return this.#probes.stop(effect.containerId)
      case "removeVolume":
        return this.#containers.removeVolume(effect)
      case "removeSandbox":
        void this.#removeSandbox(effect)
        return
      case "findSandboxes":
        void this.#findSandboxes()
        return
      case "measureDisk":
        void this.#measureDisk()
        return
      case "exit":
        void this.#containers
          .forgotten()
          .then(() => this.#options.onExit(effect.message, effect.done))
        return
      case "put":
      case "delete":
      case "wakeAt":
      case "log":
        // The loop performs these itself.
        return
      default:
        return effect satisfies never
    }
  }

  #flush(): void {
    if (this.#outbox.length === 0) return
    const messages = this.#outbox
    this.#outbox = []
    this.#options.link.send(messages)
  }

  async #removeSandbox(what: { readonly path: string; readonly only?: true | undefined }) {
    const { path, only } = what
    const { sandboxes } = this.#options
    try {
      await (only ? sandboxes.remove(path) : sandboxes.removeRun(path))
      this.#loop.post({ kind: "sandboxRemoved", path })
    } catch (cause) {
      this.#loop.post({ kind: "sandboxRemoved", path, error: String(cause) })
    }
  }

  async #findSandboxes(): Promise<void> {
    const { agent, log, sandboxes } = this.#options
    try {
      const paths = await sandboxes.runs(agent.workDir)
      this.#loop.post({ kind: "sandboxesFound", paths })
    } catch (cause) {
      log.write("warn", "cannot list the sandboxes on disk", { cause: String(cause) })
    }
  }

  async #measureDisk(): Promise<void> {
    const { agent, log, sandboxes } = this.#options
    try {
      const { totalBytes, usedBytes } = await sandboxes.diskUsage(agent.workDir)
      if (totalBytes > 0) this.#loop.post({ kind: "diskUsage", used: usedBytes / totalBytes })
    } catch (cause) {
      log.write("warn", "cannot measure the disk of the work directory", { cause: String(cause) })
    }
  }
}
