import { access } from "node:fs/promises"
import type { ResourceStatistics } from "#lib/mesos/index.ts"
import type {
  CommandOutcome,
  CommandRequest,
  ContainerExit,
  ContainerFailure,
  ContainerId,
  ContainerRecovery,
  ContainerRuntime,
  ContainerSpec,
  ContainerStarted,
  ContainerStreams,
} from "#lib/ports/index.ts"
import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"
import type { ContainerNetworks } from "#lib/io/cni/index.ts"
import { Accounts } from "#lib/io/host/accounts.ts"
import { hostNetworkStatus } from "#lib/io/host/container-status.ts"
import { errorCode, errorText } from "#lib/io/host/files.ts"
import { LogRotation } from "#lib/io/host/log-rotation.ts"
import type { LogRotationOptions } from "#lib/io/host/log-rotation.ts"
import { openLog } from "#lib/io/host/open-log.ts"
import { runBeside } from "./beside.ts"
import { Cgroups } from "./cgroups.ts"
import type { CgroupOptions } from "./cgroups.ts"
import { EndedWatch } from "#lib/io/host/ended-watch.ts"
import { memoryExcesses } from "./memory-excess.ts"
import type { ContainerProcesses } from "./members.ts"
import { terminalStatus } from "#lib/io/host/wait-status.ts"
import { findTools } from "./prefix.ts"
import type { HostTools } from "./prefix.ts"
import { bootId, initialVariable, isAlive } from "#lib/io/host/proc.ts"
import { listeningPorts } from "#lib/io/host/listening-ports.ts"
import { ProcessSnapshots } from "#lib/io/host/process-snapshots.ts"
import { ContainerRecords } from "./records.ts"
import { ChildSessions } from "#lib/io/sessions/child-sessions.ts"
import { attachTerminal } from "#lib/io/sessions/task-terminal.ts"
import { resizeTerminal } from "#lib/io/sessions/terminals.ts"
import { CLEAN_ENVIRONMENT, openNameless, taskStart } from "./spawn-task.ts"
import type { TaskStart, TaskStreams } from "./spawn-task.ts"
import { startSession } from "./start-session.ts"
import { containerMembers } from "./members.ts"
import { containerStatistics } from "./statistics.ts"
import { send, Terminator } from "./terminator.ts"
import type { Terminable } from "./terminator.ts"

/** How long a supervisor that is about to start its task may take before it counts as lost. */
const START_DEADLINE_MS = 5000

/** How often a recovering agent looks at a supervisor that is just starting its task. */
const START_POLL_MS = 5

/** What the process runtime is given. */
export type ProcessRuntimeOptions = {
  /** Where pid and status files live: best on a file system that a reboot empties, such as /run. */
  readonly runtimeDir: string
  /** The agent's address, which its containers share. */
  readonly address: string
  readonly logs?: LogRotationOptions | undefined
  /** Limits that the kernel keeps; without them tasks have none but their rlimits. */
  readonly cgroups?: CgroupOptions | undefined
  /** Whether containers are measured that the kernel does not keep within their memory. */
  readonly measureMemory?: boolean | undefined
  /** Where task groups of other runtimes have their networks, for who looks into their executors. */
  readonly networks?: Pick<ContainerNetworks, "find"> | undefined
}

type Limitation = NonNullable<ContainerExit["limitation"]>

/** A container that runs, as far as this process knows. */
type Running = {
  spec: ContainerSpec
  readonly processes: ContainerProcesses
  /** Whether its supervisor is a child of this process, so that its end is seen without a poll. */
  readonly own: boolean
  /** Resolves when it has ended, or this process lets go of it. */
  readonly ended: PromiseWithResolvers<void>
  concluding: boolean
}

/**
 * Runs tasks as plain processes of this machine. It needs no root: a small shell per container
 * outlives the agent and keeps the exit status (supervisor.ts), files below the runtime directory
 * lead back to it (records.ts).
 */
export class ProcessRuntime implements ContainerRuntime {
  readonly name = "process"
  readonly #options: ProcessRuntimeOptions
  readonly #records: ContainerRecords
  readonly #accounts = new Accounts()
  readonly #tools: HostTools = findTools()
  readonly #snapshots = new ProcessSnapshots()
  readonly #terminator = new Terminator(this.#snapshots)
  /** What is swept up after containers that have ended and are not forgotten. */
  readonly #sweeping = new Map<ContainerId, PromiseWithResolvers<void>>()
  /** Bytes that groups of measured containers were allowed. */
  readonly #granted = new Map<string, number>()
  readonly #running = new Map<ContainerId, Running>()
  readonly #watch: EndedWatch
  readonly #rotation: LogRotation
  readonly #cgroups: Cgroups | undefined
  readonly #sessions: ChildSessions
  #listener: (containerId: ContainerId, exit: ContainerExit) => void = () => {}
  #ready: Promise<void> | undefined
  #closed = false

  constructor(options: ProcessRuntimeOptions) {
    this.#options = options
    this.#records = new ContainerRecords(options.runtimeDir)
    this.#rotation = new LogRotation(options.logs)
    this.#cgroups = options.cgroups === undefined ? undefined : new Cgroups(options.cgroups)
    this.#sessions = new ChildSessions({
      snapshots: this.#snapshots,
      directory: `${options.runtimeDir}/sessions`,
      stty: this.#tools.stty,
      onExit: (containerId, exit) => this.#listener(containerId, exit),
    })
    this.#watch = new EndedWatch({
      directory: this.#records.endedDir,
      onHint: (containerId) => this.#hint(containerId),
      onPoll: () => {
        for (const [containerId, { own, processes }] of this.#running)
          if (!own && !isAlive(processes.supervisor)) this.#hint(containerId)
      },
    })
  }

  async available(): Promise<Result<void, string>> {
    try {
      bootId()
    } catch {
      return err("process containers need Linux with /proc mounted")
    }
    try {
      await access("/bin/sh")
      this.#cgroups?.prepare()
      await this.#prepare()
    } catch (cause) {
      return err(`process containers cannot be run: ${errorText(cause)}`)
    }
    return ok(undefined)
  }

  onExit(listener: (containerId: ContainerId, exit: ContainerExit) => void): void {
    this.#listener = listener
  }

  async launch(
    spec: ContainerSpec,
    signal: AbortSignal,
    onPrepared?: () => void,
  ): Promise<Result<ContainerStarted, ContainerFailure>> {
    const refuse = (message: string): Result<never, ContainerFailure> =>
      err({ reason: "REASON_CONTAINER_LAUNCH_FAILED", message })
    const { containerId, task, sandbox } = spec
    if (spec.debug) {
      const begun = await this.#startSession(spec, signal)
      return begun.ok ? begun : refuse(begun.error)
    }
    const start = await taskStart({
      spec,
      command: task.command ?? {},
      accounts: this.#accounts,
      tools: this.#tools,
      streams: streamsOf(spec),
    })
    if (!start.ok) return refuse(start.error)
    let created = false
    try {
      await this.#prepare()
      this.#records.create(containerId, bootId())
      created = true
      if (hasTerminal(spec)) await this.#records.createInput(containerId)
      if (signal.aborted) throw new Error("the launch was given up")
      onPrepared?.()
      return ok(await this.#start(spec, start.value))
    } catch (cause) {
      if (created) await this.forget(spec)
      if (errorCode(cause) === "EEXIST" && !created)
        return refuse(`container ${containerId} was launched before`)
      return refuse(`the container could not be started in ${sandbox}: ${errorText(cause)}`)
    }
  }

  resize(spec: ContainerSpec): Promise<Result<void, string>> {
    const running = this.#running.get(spec.containerId)
    if (running === undefined) return Promise.resolve(ok(undefined))
    running.spec = spec
    try {
      this.#cgroups?.resize(spec)
      return Promise.resolve(ok(undefined))
    } catch (cause) {
      return Promise.resolve(err(errorText(cause)))
    }
  }

  async recover(spec: ContainerSpec): Promise<ContainerRecovery> {
    const { containerId } = spec
    await this.#prepare()
    const boot = await this.#records.boot(containerId)
    if (boot === undefined) return { kind: "unknown" }
    const status = await this.#records.status(containerId)
    if (status !== undefined) {
      const exit = this.#exit(spec, status)
      if (boot === bootId()) await this.#sweepRecorded(spec)
      return { kind: "exited", exit }
    }
    if (boot !== bootId()) return { kind: "exited", exit: { message: "the machine was restarted" } }
    if (await this.#records.cancel(containerId)) return { kind: "unknown" }
    const processes = await this.#findProcesses(spec)
    if (processes === undefined) return { kind: "exited", exit: lostExit() }
    this.#rotation.add(spec.sandbox)
    this.#running.set(containerId, {
      spec,
      processes,
      own: false,
      ended: Promise.withResolvers(),
      concluding: false,
    })
    // What ended before the line above is seen here, what ends after it through the watch.
    const exit = await this.#exitOf(spec, processes)
    if (exit === undefined) return { kind: "running", started: this.#started(spec, processes) }
    this.#remove(containerId)
    return { kind: "exited", exit }
  }

  async kill(
    containerId: ContainerId,
    options: { readonly force: boolean; readonly signal?: number | undefined },
  ): Promise<void> {
    if (this.#sessions.has(containerId))
      return this.#sessions.signal(
        containerId,
        options.force ? undefined : (options.signal ?? SIGTERM),
      )
    const running = this.#running.get(containerId)
    if (running === undefined) return
    const terminable = this.#terminable(containerId, running.processes, hasTerminal(running.spec))
    if (options.force) await this.#terminator.kill(terminable)
    else if (options.signal !== undefined) await this.#terminator.signal(terminable, options.signal)
    else await this.#terminator.terminate(terminable)
  }

  async forget(spec: ContainerSpec): Promise<void> {
    if (spec.debug) return this.#sessions.forget(spec.containerId)
    await this.#sweeping.get(spec.containerId)?.promise
    this.#sweeping.delete(spec.containerId)
    await this.#removeGroups(spec.containerId)
    // Records go last: without them nobody would come back for the rest.
    await this.#records.remove(spec.containerId)
  }

  async removeOrphans(known: ReadonlySet<ContainerId>): Promise<readonly ContainerId[]> {
    await this.#prepare()
    const orphans = (await this.#records.list()).filter((id) => !known.has(id))
    for (const containerId of orphans) {
      if (!(await this.#records.cancel(containerId))) await this.#killOrphan(containerId)
      await this.#removeGroups(containerId)
      await this.#records.remove(containerId)
    }
    return [...orphans, ...(await this.#sessions.removeOrphans(known))]
  }

  async attach(spec: ContainerSpec): Promise<Result<ContainerStreams, string>> {
    const { containerId, sandbox } = spec
    if (spec.debug) return this.#sessions.attach(containerId)
    if (!hasTerminal(spec)) return err("the container has no terminal to attach to")
    const running = this.#running.get(containerId)
    if (running === undefined) return err("the container has ended")
    try {
      return ok(
        await attachTerminal({
          input: this.#records.inputFile(containerId),
          output: `${sandbox}/stdout`,
          resize: (size) => resizeTerminal(running.processes.task.pid, size, this.#tools.stty),
          ended: running.ended.promise,
        }),
      )
    } catch (cause) {
      return err(`the container cannot be attached to: ${errorText(cause)}`)
    }
  }

  async runIn(spec: ContainerSpec, request: CommandRequest): Promise<CommandOutcome> {
    const start = await taskStart({
      spec,
      command: request.command,
      accounts: this.#accounts,
      tools: this.#tools,
      cgroups: this.#cgroups?.around(spec.containerId),
    })
    if (!start.ok) return { kind: "failed", message: start.error }
    return runBeside({ spec, request, start: start.value, directory: this.#options.runtimeDir })
  }

  address(_spec: ContainerSpec): Promise<string> {
    return Promise.resolve("127.0.0.1")
  }

  async listeningPorts({ containerId }: ContainerSpec): Promise<readonly number[]> {
    const running = this.#running.get(containerId)
    if (running === undefined) return []
    const table = await this.#snapshots.fresh()
    return listeningPorts(containerMembers(table, running.processes, { escaped: false }))
  }

  async statistics(spec: ContainerSpec): Promise<ResourceStatistics | undefined> {
    const running = this.#running.get(spec.containerId)
    if (running === undefined) return undefined
    return containerStatistics(await this.#snapshots.fresh(), running.processes, spec.task)
  }

  async findExcesses(): Promise<ReadonlyMap<ContainerId, Limitation>> {
    const found = new Map<ContainerId, Limitation>()
    const measured: Running[] = []
    for (const running of this.#running.values()) {
      const { containerId } = running.spec
      const kept = this.#cgroups?.limitsMemory(running.spec) === true
      // The kernel may have killed one process only, and the others run on without it.
      const limitation = kept ? this.#cgroups?.outOfMemory(containerId) : undefined
      if (limitation !== undefined) found.set(containerId, limitation)
      if (!kept) measured.push(running)
    }
    if (this.#options.measureMemory !== true || measured.length === 0) return found
    const table = await this.#snapshots.fresh()
    for (const [containerId, limitation] of memoryExcesses(measured, table, this.#granted))
      found.set(containerId, limitation)
    return found
  }

  close(): Promise<void> {
    this.#closed = true
    this.#watch.stop()
    this.#rotation.stop()
    this.#terminator.close()
    for (const swept of this.#sweeping.values()) swept.resolve()
    this.#sessions.close()
    this.#cgroups?.close()
    for (const { ended } of this.#running.values()) ended.resolve()
    this.#running.clear()
    return Promise.resolve()
  }

  #prepare(): Promise<void> {
    this.#ready ??= this.#records.prepare().then(() => this.#watch.start())
    // A directory that could not be made (disk full) may be possible later.
    this.#ready.catch(() => (this.#ready = undefined))
    return this.#ready
  }

  async #start(spec: ContainerSpec, start: TaskStart): Promise<ContainerStarted> {
    const { containerId, sandbox } = spec
    const { setsid } = this.#tools
    const cgroups = this.#cgroups?.create(spec) ?? []
    const owner = spec.user === undefined ? undefined : await this.#accounts.find(spec.user)
    using script = openNameless(this.#options.runtimeDir, start.script)
    using stdout = openLog(`${sandbox}/stdout`, owner)
    using stderr = openLog(`${sandbox}/stderr`, owner)
    const supervise = ["/bin/sh", this.#records.supervisorScript]
    const records = [this.#records.directory(containerId), this.#records.endedFile(containerId)]
    const lead = setsid === null ? [] : [setsid]
    const command = [...supervise, ...records, cgroups.join(" "), ...lead, ...start.argv]
    const child = Bun.spawn(command, {
      cwd: sandbox,
      env: CLEAN_ENVIRONMENT,
      detached: true,
      stdio: ["ignore", "pipe", stderr.fd, stdout.fd, stderr.fd, script.fd],
    })
    child.unref()
    const exited = child.exited
    await new Response(child.stdout).arrayBuffer()
    const supervisor = await this.#records.supervisor(containerId)
    const task = await this.#records.task(containerId)
    if (supervisor === undefined || task === undefined)
      throw new Error("its supervisor could not start it, see its stderr (too many processes?)")
    const processes = { supervisor, task, sandbox }
    this.#running.set(containerId, {
      spec,
      processes,
      own: true,
      ended: Promise.withResolvers(),
      concluding: false,
    })
    this.#rotation.add(sandbox)
    void exited.then(() => this.#hint(containerId))
    return this.#started(spec, processes)
  }

  /** The network of a task group, for who looks into its executor, which is books only. */
  async #networkOfGroup({ containerId, parent }: ContainerSpec) {
    if (parent !== undefined) return undefined
    const [group = ""] = containerId.split(".")
    return await this.#options.networks?.find(group as ContainerId)
  }

  async #startSession(
    spec: ContainerSpec,
    signal: AbortSignal,
  ): Promise<Result<ContainerStarted, string>> {
    const sessions = this.#sessions
    const [accounts, tools] = [this.#accounts, this.#tools]
    try {
      await this.#prepare()
      if (signal.aborted) return err("the launch was given up")
      const directory = this.#options.runtimeDir
      const cgroups = this.#cgroups?.around(spec.parent ?? spec.containerId) ?? []
      const joined = await this.#networkOfGroup(spec)
      const network = joined?.namespace
      const parts = { sessions, accounts, tools, cgroups, directory, network }
      const pid = await startSession({ ...parts, spec })
      if (!pid.ok) return pid
      const { address } = this.#options
      const status = hostNetworkStatus(spec.containerId, { address, pid: pid.value })
      return ok({ status: joined ? { ...status, networkInfos: joined.networkInfos } : status })
    } catch (cause) {
      return err(`the container could not be started in ${spec.sandbox}: ${errorText(cause)}`)
    }
  }

  #started(spec: ContainerSpec, processes: ContainerProcesses): ContainerStarted {
    const { address } = this.#options
    return { status: hostNetworkStatus(spec.containerId, { address, pid: processes.task.pid }) }
  }

  /** The processes of a supervisor that has started its task or is about to. */
  async #findProcesses(spec: ContainerSpec): Promise<ContainerProcesses | undefined> {
    const { containerId, sandbox } = spec
    const deadline = performance.now() + START_DEADLINE_MS
    while (performance.now() < deadline) {
      const supervisor = await this.#records.supervisor(containerId)
      const task = await this.#records.task(containerId)
      if (supervisor !== undefined && task !== undefined) return { supervisor, task, sandbox }
      if (supervisor !== undefined && !isAlive(supervisor)) return undefined
      await Bun.sleep(START_POLL_MS)
    }
    return undefined
  }

  #hint(containerId: ContainerId): void {
    const running = this.#running.get(containerId)
    if (running === undefined || running.concluding) return
    running.concluding = true
    void this.#conclude(containerId, running)
  }

  async #conclude(containerId: ContainerId, running: Running): Promise<void> {
    const exit = await this.#exitOf(running.spec, running.processes).catch((cause: unknown) =>
      lostExit(errorText(cause)),
    )
    running.concluding = false
    if (exit === undefined || this.#closed || this.#running.get(containerId) !== running) return
    this.#remove(containerId)
    this.#listener(containerId, exit)
  }

  /** How the container ended; undefined while its supervisor lives. */
  async #exitOf(
    spec: ContainerSpec,
    processes: ContainerProcesses,
  ): Promise<ContainerExit | undefined> {
    const alive = isAlive(processes.supervisor)
    const status = await this.#records.status(spec.containerId)
    if (status !== undefined) return this.#exit(spec, status)
    return alive ? undefined : lostExit()
  }

  #exit(spec: ContainerSpec, code: number): ContainerExit {
    const status = hasTerminal(spec) ? terminalStatus(code) : code
    const limitation = status === 0 ? undefined : this.#cgroups?.outOfMemory(spec.containerId)
    return limitation === undefined ? { status } : { status, limitation }
  }

  #terminable(containerId: ContainerId, processes: ContainerProcesses, held = false): Terminable {
    return {
      ...processes,
      held,
      confined: () => this.#cgroups?.members(containerId) ?? [],
      onSwept: () => this.#sweeping.get(containerId)?.resolve(),
    }
  }

  #sweep(containerId: ContainerId, processes: ContainerProcesses, held = false): void {
    this.#sweeping.set(containerId, Promise.withResolvers())
    this.#terminator.sweep(this.#terminable(containerId, processes, held))
  }

  /** Sweeps up after a container that ended while no agent was there. */
  async #sweepRecorded(spec: ContainerSpec): Promise<void> {
    const { containerId, sandbox } = spec
    const supervisor = await this.#records.supervisor(containerId)
    const task = await this.#records.task(containerId)
    if (supervisor !== undefined && task !== undefined)
      this.#sweep(containerId, { supervisor, task, sandbox }, hasTerminal(spec))
  }

  /** Removes the cgroups of a container, once the last of its processes is gone. */
  async #removeGroups(containerId: ContainerId): Promise<void> {
    for (let tries = 0; tries < GROUP_TRIES; tries++) {
      if (this.#cgroups?.remove(containerId) !== false) return
      for (const pid of this.#cgroups.members(containerId)) send(pid, "SIGKILL")
      await Bun.sleep(GROUP_RETRY_MS)
    }
  }

  #remove(containerId: ContainerId): void {
    const running = this.#running.get(containerId)
    if (running === undefined) return
    this.#running.delete(containerId)
    running.ended.resolve()
    this.#rotation.remove(running.spec.sandbox)
    this.#sweep(containerId, running.processes, hasTerminal(running.spec))
  }

  async #killOrphan(containerId: ContainerId): Promise<void> {
    const supervisor = await this.#records.supervisor(containerId)
    const task = await this.#records.task(containerId)
    if (supervisor === undefined || task === undefined) return
    // What left the session is known by the sandbox in its environment, which nobody recorded here.
    const sandbox = initialVariable(task.pid, "MESOS_SANDBOX") ?? ""
    await this.#terminator.kill(this.#terminable(containerId, { supervisor, task, sandbox }))
  }
}

const SIGTERM = 15

/** Tries to remove the cgroups of an ended container, and the wait between them. */
const GROUP_TRIES = 100
const GROUP_RETRY_MS = 20

/** The descriptor on which the supervisor passes a task with a terminal its script. */
const SCRIPT_DESCRIPTOR = 6

const hasTerminal = ({ task }: ContainerSpec): boolean => task.container?.ttyInfo !== undefined

function streamsOf(spec: ContainerSpec): TaskStreams {
  if (!hasTerminal(spec)) return { kind: "null" }
  const size = spec.task.container?.ttyInfo?.windowSize
  return { kind: "terminal", descriptor: SCRIPT_DESCRIPTOR, size }
}

const lostExit = (cause = "its supervisor was killed"): ContainerExit => ({
  message: `the exit status of the container is lost: ${cause}`,
})
