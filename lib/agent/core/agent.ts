import {
  normalizeResources,
  type AgentId,
  type FrameworkId,
  type MasterToAgent,
  type RegisterMessage,
  type Resources,
} from "#lib/mesos/index.ts"
import type { ContainerFailure, ContainerId } from "#lib/ports/index.ts"
import type { Machine } from "#lib/runtime/index.ts"
import { Deadlines } from "#lib/std/deadlines.ts"
import { Admission } from "./admission.ts"
import { begin, type Beginning } from "./beginning.ts"
import { keys, remove } from "./checkpoint.ts"
import { Counters } from "./counters.ts"
import { Drain } from "./drain.ts"
import { Executors } from "./executors.ts"
import { IdSource } from "./id-source.ts"
import { describeAgent, reconcileTask } from "./introduction.ts"
import { Launcher } from "./launcher.ts"
import { Lifecycle, type ContainerParts } from "./lifecycle.ts"
import { NestedContainers } from "./nested/nested.ts"
import { isTerminal, lives, type FrameworkRecord, type Limitation } from "./records.ts"
import { Operations } from "./operations.ts"
import { Registration } from "./registration.ts"
import { Reports } from "./reports.ts"
import { SandboxGc } from "./sandbox-gc.ts"
import { StatusStreams } from "./status-streams.ts"
import { parseTimerKey, say, type TimerKey, type Timers, type Turn } from "./turn.ts"
import {
  DEFAULT_LIMITS,
  type AgentEffect,
  type AgentInput,
  type AgentLimits,
  type AgentOptions,
  type StoreEntry,
} from "./types.ts"
import { VolumeRemovals } from "./volume-removals.ts"
import { Workload } from "./workload.ts"

/**
 * The agent: registers with the master, runs the tasks it sends, and reports what becomes of them,
 * surviving its own death. Deterministic; a driver performs its effects.
 */
export class Agent implements Machine<AgentInput, AgentEffect> {
  readonly options: AgentOptions
  readonly limits: AgentLimits
  /** Counts since the start of this life, for metrics. */
  readonly counters = new Counters()
  readonly #timers: Timers = new Deadlines<TimerKey>()
  readonly #registration: Registration
  readonly #streams: StatusStreams
  readonly #gc: SandboxGc
  readonly #drain: Drain
  readonly #workload: Workload
  readonly #lifecycle: Lifecycle
  readonly #executors: Executors
  readonly #launcher: Launcher
  readonly #removals: VolumeRemovals
  readonly #operations: Operations
  readonly #nested: NestedContainers
  readonly #beginning: Beginning
  #alarm: number | undefined
  /** Set once the master has refused this agent: it ends when its tasks have. */
  #leaving: string | undefined
  /** Set once the driver was asked to end the process: nothing counts any more. */
  #ended = false

  /** `stored` is every entry below "/agent/"; an entry that cannot be read fails an assertion. */
  constructor(options: AgentOptions, stored: readonly StoreEntry[]) {
    this.options = options
    this.limits = { ...DEFAULT_LIMITS, ...options.limits }
    this.#beginning = begin(stored, options)
    const recovered = this.#beginning.stored
    const timers = this.#timers
    const ids = new IdSource(options.seed)
    const agentId = (): AgentId | undefined => this.#registration.agentId
    this.#registration = new Registration(
      {
        ids,
        timers,
        info: options.info,
        bootId: options.bootId,
        backoffMs: this.limits.registrationBackoffMs,
        describe: () => this.#describe(),
      },
      recovered.identity[0],
    )
    const streams = new StatusStreams(ids, timers, recovered.updates)
    this.#streams = streams
    this.#drain = new Drain(recovered.drain[0])
    this.#gc = new SandboxGc(timers, this.limits, recovered.garbage)
    const workload = new Workload(this.limits, this.#gc, recovered)
    this.#workload = workload
    const removals = new VolumeRemovals(options.workDir, recovered.doomed)
    this.#removals = removals
    const reports = new Reports({
      streams,
      workload,
      agentId,
      onStatus: (status) => this.counters.reported(status),
    })
    this.#nested = new NestedContainers(
      { options, limits: this.limits, timers, workload, agentId, gc: this.#gc },
      recovered.container,
    )
    const parts: ContainerParts = {
      limits: this.limits,
      ip: options.ip,
      workDir: options.workDir,
      timers,
      workload,
      reports,
      removals,
      counters: this.counters,
      onContainerEnd: (turn, containerId, end) => this.#nested.houseEnded(turn, containerId, end),
    }
    const markGone = (): boolean => this.#drain.markGone
    const lifecycle = new Lifecycle({ ...parts, markGone })
    this.#lifecycle = lifecycle
    const executors = new Executors({
      ...parts,
      options,
      tell: (turn, message) => this.#registration.tell(turn, message),
      leaving: () => this.#leaving !== undefined,
      draining: () => (this.#drain.current === undefined ? undefined : { markGone: markGone() }),
    })
    this.#executors = executors
    this.#operations = new Operations(
      { ids, timers, removals, agentId, inUse: () => resourcesInUse(workload) },
      normalizeResources(options.info.resources ?? []),
      recovered,
    )
    const draining = (): boolean => this.#drain.current !== undefined
    const unknownResources = (resources: Resources) => this.#operations.unknown(resources)
    const starts = { options, limits: this.limits, ids, workload, agentId }
    const admission = new Admission({ ...starts, streams, draining, unknownResources })
    this.#launcher = new Launcher({ ...starts, lifecycle, executors, admission })
  }

  /** The id the master gave this agent; undefined before its very first registration. */
  get agentId(): AgentId | undefined {
    return this.#registration.agentId
  }

  /** Whether the master of the open link knows this agent. */
  get registered(): boolean {
    return this.#registration.registered
  }

  /** What the agent runs and ran. */
  get workload(): Pick<
    Workload,
    "frameworks" | "tasks" | "framework" | "task" | "taskOf" | "executorOf"
  > {
    return this.#workload
  }

  /** Status updates that wait for their acknowledgement. */
  get streams(): Pick<StatusStreams, "pending" | "size"> {
    return this.#streams
  }

  /** Containers that API clients made. */
  get nested(): Pick<NestedContainers, "all" | "waiting"> {
    return this.#nested
  }

  /** What the agent has, and operations on it whose outcome is not acknowledged. */
  get resources(): Pick<Operations, "total" | "operations"> {
    return this.#operations
  }

  /** Sandboxes that wait for their removal. */
  get gc(): Pick<SandboxGc, "counts" | "allowedAgeMs" | "paths"> {
    return this.#gc
  }

  /** Whether and how the agent is being drained. */
  get drain(): Pick<Drain, "current"> {
    return this.#drain
  }

  step(input: AgentInput, now: number, out: AgentEffect[]): void {
    if (this.#ended) return
    const turn: Turn = { now, out }
    this.#react(turn, input)
    for (;;) {
      const key = this.#timers.takeDue(now)
      if (key === undefined) break
      this.#expired(turn, key)
    }
    this.#leaveWhenIdle(turn)
    const next = this.#timers.next()
    if (next === this.#alarm || next === undefined) return
    this.#alarm = next
    out.push({ kind: "wakeAt", at: next })
  }

  #react(turn: Turn, input: AgentInput): void {
    switch (input.kind) {
      case "wake":
        this.#alarm = undefined
        return
      case "start":
        return this.#start(turn)
      case "linkOpened":
        if (!this.#cleansUp) this.#registration.opened(turn)
        return
      case "linkClosed":
        this.#registration.closed()
        return this.#pause()
      case "message":
        return this.#receive(turn, input.message)
      case "containerPrepared":
        return this.#lifecycle.prepared(turn, input.containerId)
      case "containerStarted":
        if (this.#executors.started(turn, input.containerId, input.status)) return
        if (this.#nested.has(input.containerId))
          return this.#nested.started(turn, input.containerId, input)
        return this.#lifecycle.started(turn, input.containerId, input)
      case "containerFailed":
        this.counters.launchErrors++
        if (this.#executors.failed(turn, input.containerId, failureOf(input))) return
        if (this.#nested.has(input.containerId))
          return this.#nested.failed(turn, input.containerId, input)
        return this.#lifecycle.failed(turn, input.containerId, failureOf(input))
      case "containerExited":
        if (this.#executors.exited(turn, input.containerId, input.exit)) return
        if (this.#nested.has(input.containerId))
          return this.#nested.exited(turn, input.containerId, input.exit)
        return this.#lifecycle.exited(turn, input.containerId, input.exit)
      case "containerResized":
        return this.#executors.resized(turn, input.containerId, input.error)
      case "limitReached":
        return this.#limitReached(turn, input.containerId, input.limitation)
      case "containerUnknown":
        return this.#unknown(turn, input.containerId)
      case "executorSubscribed":
        return this.#executors.subscribe(turn, input.containerId, input)
      case "executorDisconnected":
        return this.#executors.disconnected(input.containerId, input.connection)
      case "executorUpdate":
        return this.#executors.update(turn, input.containerId, input.status)
      case "executorMessage":
        return this.#executors.message(turn, input.containerId, input.data)
      case "healthResult":
        return this.#lifecycle.healthResult(turn, input)
      case "checkResult":
        return this.#lifecycle.checkResult(turn, input)
      case "sandboxRemoved":
        this.#nested.sandboxRemoved(turn, input.path, input.error)
        return this.#gc.removed(turn, input.path, input.error)
      case "volumeRemoved":
        return this.#volumeRemoved(turn, input.path, input.error)
      case "sandboxesFound":
        return this.#adoptSandboxes(turn, input.paths)
      case "diskUsage":
        return this.#gc.measured(turn, input.used)
      case "containerCall":
        return this.#nested.call(turn, input.call, input.request)
      case "callGone":
        return this.#nested.callGone(turn, input.call)
      default:
        return input satisfies never
    }
  }

  #unknown(turn: Turn, containerId: ContainerId): void {
    if (this.#executors.unknown(turn, containerId)) return
    if (this.#nested.has(containerId)) this.#nested.unknown(turn, containerId)
    else this.#lifecycle.unknown(turn, containerId)
  }

  #volumeRemoved(turn: Turn, path: string, error: string | undefined): void {
    this.#removals.ended(turn, path, error)
    this.#executors.volumeRemoved(turn, path, error)
    this.#lifecycle.volumeRemoved(turn, path, error)
  }

  #limitReached(turn: Turn, containerId: ContainerId, limitation: Limitation): void {
    if (this.#executors.limitReached(turn, containerId, limitation)) return
    if (this.#nested.has(containerId)) this.#nested.limitReached(turn, containerId, limitation)
    else this.#lifecycle.limitReached(turn, containerId, limitation)
  }

  #start(turn: Turn): void {
    const { forgotten, notes, problem } = this.#beginning
    if (problem !== undefined) return this.#exit(turn, problem)
    for (const note of notes) say(turn, "warn", note)
    for (const key of forgotten) remove(turn, key)
    const known: ContainerId[] = [...this.#executors.recover(turn)]
    for (const task of this.#workload.tasks()) {
      if (isTerminal(task.progress.state) || task.launch.spec === undefined) continue
      known.push(task.launch.spec.containerId)
      this.#lifecycle.recover(turn, task)
    }
    // Those that API clients made end without further ado.
    if (!this.#cleansUp) known.push(...this.#nested.start(turn))
    turn.out.push({ kind: "removeOrphans", known })
    turn.out.push({ kind: "findSandboxes" })
    this.#removals.start(turn)
    this.#gc.watch(turn)
    if (this.#cleansUp) this.#shutdown(turn, "all tasks have ended, as --recover=cleanup asks")
  }

  /** Nothing is told to a master that does not know the agent. */
  #pause(): void {
    this.#streams.pause()
    this.#operations.pause()
  }

  /** Sandboxes that no executor owns are left by an agent whose state was lost: they age from now on. */
  #adoptSandboxes(turn: Turn, paths: readonly string[]): void {
    const owned = new Set<string>()
    for (const framework of this.#workload.frameworks)
      for (const { launch } of framework.executors.values()) owned.add(launch.directory)
    for (const path of paths)
      if (!owned.has(path) && !this.#gc.has(path)) this.#gc.schedule(turn, path)
  }

  #receive(turn: Turn, message: MasterToAgent): void {
    switch (message.kind) {
      case "registered":
        return this.#admitted(turn, message)
      case "refused":
        return say(turn, "warn", "the master does not take this agent in", {
          reason: message.message,
        })
      case "ping":
        return this.#registration.pinged(turn, message.sequence)
      case "runTask":
        if (this.#takesTasks) this.#launcher.runTask(turn, message)
        return
      case "runTaskGroup":
        if (this.#takesTasks) this.#launcher.runTaskGroup(turn, message)
        return
      case "killTask":
        return this.#kill(turn, message)
      case "acknowledge":
        return this.#acknowledge(turn, message)
      case "applyOperation":
        return this.#operations.apply(turn, message)
      case "acknowledgeOperation":
        return this.#operations.acknowledge(turn, message.uuid)
      case "updateFramework":
        return this.#updateFramework(turn, message.framework)
      case "shutdownFramework":
        return this.#shutdownFramework(turn, message.frameworkId)
      case "shutdownExecutor":
        return this.#shutdownExecutor(turn, message)
      case "frameworkMessage":
        return this.#frameworkMessage(turn, message)
      case "drain":
        if (this.#drain.begin(turn, message.config)) this.#killForDrain(turn)
        return
      case "shutdown":
        return this.#shutdown(turn, message.message)
      default:
        return message satisfies never
    }
  }

  /** Whether this life only ends what the last one left. */
  get #cleansUp(): boolean {
    return this.options.recover === "cleanup"
  }

  /** Nothing is launched by an agent that leaves, or that does not know yet who it is. */
  get #takesTasks(): boolean {
    return this.#leaving === undefined && this.agentId !== undefined
  }

  #expired(turn: Turn, key: TimerKey): void {
    const { kind, subject } = parseTimerKey(key)
    switch (kind) {
      case "register":
        return this.#registration.attempt(turn)
      case "ping":
        this.#pause()
        return this.#registration.pingsMissed(turn)
      case "disk":
        return this.#gc.watch(turn)
      case "stream":
        return this.#streams.retry(turn, subject)
      case "operation":
        return this.#operations.retry(turn, subject)
      case "launch":
      case "kill":
      case "complete":
      case "health":
      case "check":
        return this.#lifecycle.expired(turn, kind, subject as ContainerId)
      case "called":
        return this.#nested.expired(turn, subject as ContainerId)
      case "executor":
      case "executorKill":
        return this.#executors.expired(turn, kind, subject as ContainerId)
      default:
        return kind satisfies never
    }
  }

  #describe(): RegisterMessage {
    return describeAgent({
      info: this.options.info,
      ip: this.options.ip,
      agentId: this.agentId,
      workload: this.#workload,
      streams: this.#streams,
      operations: this.#operations,
    })
  }

  #admitted(turn: Turn, message: Extract<MasterToAgent, { kind: "registered" }>): void {
    const { agentId, pingTimeoutMs } = message
    if (!this.#registration.admitted(turn, agentId, pingTimeoutMs)) return
    const books = { agentId, workload: this.#workload, streams: this.#streams }
    for (const named of message.reconcile) reconcileTask(turn, books, named)
    this.#streams.resume(turn)
    this.#operations.resume(turn)
  }

  #kill(turn: Turn, message: Extract<MasterToAgent, { kind: "killTask" }>): void {
    const task = this.#workload.task(message.frameworkId, message.taskId)
    if (task === undefined) {
      // A launch that was lost with its link is reconciled at the next registration.
      const fields = { task: message.taskId, framework: message.frameworkId }
      return say(turn, "info", "ignores the kill of a task that it does not know", fields)
    }
    const { killPolicy: policy } = message
    const graceMs = this.#lifecycle.graceOf(task, policy)
    const kill = { cause: "requested", graceMs } as const
    if (task.launch.spec !== undefined) return this.#lifecycle.kill(turn, task, kill)
    this.#executors.kill(turn, task, { ...kill, ...(policy && { policy }) })
  }

  #frameworkMessage(
    turn: Turn,
    message: Extract<MasterToAgent, { kind: "frameworkMessage" }>,
  ): void {
    const framework = this.#workload.framework(message.frameworkId)
    const executor = framework?.executors.get(message.executorId)
    this.#executors.frameworkMessage(turn, executor, message.data)
  }

  #acknowledge(turn: Turn, message: Extract<MasterToAgent, { kind: "acknowledge" }>): void {
    const status = this.#streams.acknowledge(turn, message)
    if (status === undefined || !isTerminal(status.state)) return
    const task = this.#workload.task(message.frameworkId, message.taskId)
    if (task === undefined || task.progress.completedAt !== undefined) return
    this.#lifecycle.complete(turn, task)
    if (this.#workload.tasks().next().done) this.#drain.end(turn)
  }

  #updateFramework(turn: Turn, info: FrameworkRecord["info"]): void {
    const framework = info.id && this.#workload.framework(info.id)
    if (framework) this.#workload.describeFramework(turn, framework, info)
  }

  #shutdownFramework(turn: Turn, frameworkId: FrameworkId): void {
    const framework = this.#workload.framework(frameworkId)
    this.#streams.dropFramework(turn, frameworkId)
    this.#operations.dropFramework(turn, frameworkId)
    if (framework === undefined || framework.executors.size === 0)
      return void turn.out.push({ kind: "send", message: { kind: "frameworkEnded", frameworkId } })
    this.#workload.terminateFramework(turn, framework)
    const graceMs = this.limits.shutdownGraceMs
    for (const executor of framework.executors.values()) {
      if (executor.launch.kind === "custom") this.#executors.shutdown(turn, executor)
      for (const task of executor.tasks.values())
        if (isTerminal(task.progress.state)) this.#lifecycle.complete(turn, task)
        else if (task.launch.spec !== undefined)
          this.#lifecycle.kill(turn, task, { cause: "frameworkShutdown", graceMs })
    }
  }

  #shutdownExecutor(
    turn: Turn,
    message: Extract<MasterToAgent, { kind: "shutdownExecutor" }>,
  ): void {
    const framework = this.#workload.framework(message.frameworkId)
    const executor = framework?.executors.get(message.executorId)
    if (executor === undefined) return
    if (executor.launch.kind === "custom") return this.#executors.shutdown(turn, executor)
    const period = executor.launch.info.shutdownGracePeriod
    const graceMs = period === undefined ? this.limits.shutdownGraceMs : period.nanoseconds / 1e6
    for (const task of executor.tasks.values())
      this.#lifecycle.kill(turn, task, { cause: "executorShutdown", graceMs })
  }

  #killForDrain(turn: Turn): void {
    for (const task of this.#workload.tasks()) {
      const graceMs = this.#drain.graceOf(this.#lifecycle.graceOf(task))
      const kill = { cause: "drain", graceMs } as const
      const policy = { gracePeriod: { nanoseconds: graceMs * 1e6 } }
      if (task.launch.spec === undefined) this.#executors.kill(turn, task, { ...kill, policy })
      else this.#lifecycle.kill(turn, task, kill)
    }
    if (this.#workload.tasks().next().done) this.#drain.end(turn)
  }

  #shutdown(turn: Turn, message: string): void {
    this.#leaving = message
    const graceMs = this.limits.shutdownGraceMs
    for (const executor of this.#workload.processes) this.#executors.shutdown(turn, executor)
    for (const task of this.#workload.tasks())
      if (task.launch.spec !== undefined)
        this.#lifecycle.kill(turn, task, { cause: "agentShutdown", graceMs })
  }

  #leaveWhenIdle(turn: Turn): void {
    if (this.#leaving === undefined) return
    for (const task of this.#workload.tasks()) if (!isTerminal(task.progress.state)) return
    for (const executor of this.#workload.processes) if (lives(executor)) return
    // The next life finds no identity, and begins as a new agent.
    if (this.#cleansUp) remove(turn, keys.identity())
    this.#exit(turn, this.#leaving, this.#cleansUp)
  }

  #exit(turn: Turn, message: string, done = false): void {
    this.#ended = true
    turn.out.push({ kind: "exit", message, done })
  }
}

const failureOf = ({
  reason,
  message,
}: Extract<AgentInput, { kind: "containerFailed" }>): ContainerFailure => ({ reason, message })

/** Resources of tasks and executors that have not ended. */
function* resourcesInUse(workload: Workload): Generator<Resources> {
  for (const executor of workload.processes)
    if (lives(executor)) yield executor.launch.info.resources ?? []
  for (const { launch, progress } of workload.tasks())
    if (!isTerminal(progress.state)) yield launch.info.resources ?? []
}
