import { existsSync } from "node:fs"
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
  ImageStore,
} from "#lib/ports/index.ts"
import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"
import type { ContainerNetworks } from "#lib/io/cni/index.ts"
import { Accounts } from "#lib/io/host/accounts.ts"
import { hostNetworkStatus } from "#lib/io/host/container-status.ts"
import { EndedWatch } from "#lib/io/host/ended-watch.ts"
import { errorCode, errorText } from "#lib/io/host/files.ts"
import { listeningPorts } from "#lib/io/host/listening-ports.ts"
import { networkOf } from "#lib/io/host/network-namespace.ts"
import { LogRotation } from "#lib/io/host/log-rotation.ts"
import type { LogRotationOptions } from "#lib/io/host/log-rotation.ts"
import { bootId, isAlive, readStat } from "#lib/io/host/proc.ts"
import { taskLimits } from "#lib/io/host/task-limits.ts"
import type { ProcessIdentity } from "#lib/io/host/proc.ts"
import { killSession } from "#lib/io/host/session.ts"
import { ProcessSnapshots } from "#lib/io/host/process-snapshots.ts"
import { ChildSessions } from "#lib/io/sessions/child-sessions.ts"
import { addMounts } from "./add-mounts.ts"
import { CgroupTree, familyOf, send } from "./cgroup-tree.ts"
import { findSupervisors, supervises } from "./find-supervisors.ts"
import { decideStart, isRunc, startContainer } from "./conmon.ts"
import type { RuncTools } from "./conmon.ts"
import { FamilyLimits } from "./family-limits.ts"
import { hostUser, launchContainer } from "./launch.ts"
import { outOfMemory } from "./out-of-memory.ts"
import { resizeContainer } from "./resize.ts"
import { networkOfContainer } from "./networks.ts"
import { NetClsHandles } from "./net-cls.ts"
import { RuncRecords } from "./records.ts"
import { ContainerRoots } from "./roots.ts"
import { runInContainer } from "./run-in.ts"
import { DEFAULT_RUNC_SETTINGS } from "./settings.ts"
import { GroupMemory } from "./shared-memory.ts"
import { startSession } from "./sessions.ts"
import { attachToTerminal } from "./terminal.ts"
import type { RuncSettings } from "./settings.ts"
import { containerStatistics } from "./statistics.ts"
import { askToEnd } from "./stop.ts"

/** How long a supervisor that has lost its container may take to write down how it ended. */
const EXIT_DEADLINE_MS = 5000
const EXIT_POLL_MS = 5

const SIGTERM = 15

/** Tries to remove what the kernel still holds of an ended container, and the wait between them. */
const SWEEP_TRIES = 100
const SWEEP_RETRY_MS = 50

/** What the runc runtime is given. */
export type RuncRuntimeOptions = {
  /** Where records and bundles lie: best on a file system that a reboot empties, such as /run. */
  readonly runtimeDir: string
  /** Where containers with an image write, on a disk. */
  readonly rootsDir: string
  /** The agent's address, which containers on the host's network share. */
  readonly address: string
  readonly settings?: Partial<RuncSettings> | undefined
  /** The networks that containers join by name; without it all are on that of their host. */
  readonly networks?: ContainerNetworks | undefined
  /** Where images come from; without it only tasks without an image can be run. */
  readonly images?: ImageStore | undefined
  readonly logs?: LogRotationOptions | undefined
}

/** A container that runs, as far as this process knows. */
type Running = {
  readonly spec: ContainerSpec
  readonly pid: number
  readonly init: ProcessIdentity
  readonly conmon: ProcessIdentity
  readonly stopSignal: number
  readonly protectedInit: boolean
  /** Resolves when it has ended, or this process lets go of it. */
  readonly ended: PromiseWithResolvers<void>
  concluding: boolean
}

/**
 * Runs tasks in containers of runc. Each has a conmon, which outlives the agent and keeps the exit
 * code; all mounts are made inside the container and end with it.
 */
export class RuncRuntime implements ContainerRuntime {
  readonly name = "runc"
  readonly #options: RuncRuntimeOptions
  readonly #settings: RuncSettings
  readonly #records: RuncRecords
  readonly #cgroups: CgroupTree
  readonly #families: FamilyLimits
  readonly #netCls: NetClsHandles
  readonly #roots: ContainerRoots
  readonly #memory: GroupMemory
  readonly #accounts = new Accounts()
  readonly #running = new Map<ContainerId, Running>()
  readonly #sessions: ChildSessions
  readonly #watch: EndedWatch
  readonly #rotation: LogRotation
  #listener: (containerId: ContainerId, exit: ContainerExit) => void = () => {}
  #ready: Promise<void> | undefined
  #closed = false

  constructor(options: RuncRuntimeOptions) {
    this.#options = options
    this.#settings = { ...DEFAULT_RUNC_SETTINGS, ...options.settings }
    this.#records = new RuncRecords(options.runtimeDir)
    this.#cgroups = new CgroupTree(this.#settings.cgroupsRoot)
    this.#netCls = new NetClsHandles(this.#settings.netCls, this.#cgroups)
    this.#families = new FamilyLimits(this.#cgroups, this.#settings)
    this.#roots = new ContainerRoots(options.rootsDir, options.images)
    this.#memory = new GroupMemory(`${options.runtimeDir}/groups`, this.#settings.defaultShmSizeMib)
    this.#rotation = new LogRotation(options.logs)
    this.#sessions = new ChildSessions({
      snapshots: new ProcessSnapshots(),
      directory: `${options.runtimeDir}/sessions`,
      stty: findTool("stty"),
      onExit: (containerId, exit) => this.#listener(containerId, exit),
    })
    this.#watch = new EndedWatch({
      directory: this.#records.endedDir,
      onHint: (containerId) => this.#hint(containerId),
      onPoll: () => this.#poll(),
    })
  }

  async available(): Promise<Result<void, string>> {
    if (process.getuid?.() !== 0) return err("runc containers need an agent that runs as root")
    const missing = missingTools()
    if (missing !== undefined) return err(missing)
    const problem = this.#cgroups.problem()
    if (problem !== undefined) return err(`runc containers need cgroups: ${problem}`)
    try {
      await this.#prepare()
    } catch (cause) {
      return err(`runc containers cannot be run: ${errorText(cause)}`)
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
    const { containerId } = spec
    // They were there at the start, but may have been removed since.
    const missing = missingTools()
    if (missing !== undefined) return refuse(missing)
    let created = false
    try {
      await this.#prepare()
      if (spec.debug) return await this.#launchSession(spec, signal)
      this.#records.create(containerId, bootId())
      created = true
      this.#cgroups.claim(containerId)
      const bounded = this.#families.join(spec)
      const launched = await launchContainer(this.#launchParts(), bounded, {
        signal,
        onPrepared,
      })
      if (launched.ok) return ok(await this.#started(spec, launched.value))
      await this.#destroy(containerId)
      return launched
    } catch (cause) {
      if (errorCode(cause) === "EEXIST" && !created)
        return refuse(`container ${containerId} was launched before`)
      if (created) await this.#destroy(containerId)
      return refuse(`the container could not be started: ${errorText(cause)}`)
    }
  }

  async resize(spec: ContainerSpec): Promise<Result<void, string>> {
    const { enableCfs, limitSwap, pidsLimit } = this.#settings
    const { containerId, sandbox, mounts = [] } = spec
    const running = this.#running.get(containerId)
    if (running === undefined) return ok(undefined)
    try {
      const limits = taskLimits(spec.task, { enableCfs, limitSwap })
      resizeContainer(this.#cgroups, containerId, { limits, pidsLimit })
      await addMounts({ pid: running.pid, sandbox, mounts })
      return ok(undefined)
    } catch (cause) {
      return err(errorText(cause))
    }
  }

  async recover(spec: ContainerSpec): Promise<ContainerRecovery> {
    const { containerId } = spec
    await this.#prepare()
    this.#cgroups.claim(containerId)
    this.#families.adopt(spec)
    this.#netCls.adopt(containerId)
    const boot = await this.#records.boot(containerId)
    if (boot === undefined) return { kind: "unknown" }
    if (boot !== bootId()) {
      await this.#leaveNetworks(containerId)
      return { kind: "exited", exit: { message: "the machine was restarted" } }
    }
    const record = await this.#records.launch(containerId)
    if (record !== undefined) this.#roots.hold(containerId, record.layers)
    const neverStarted =
      record === undefined ||
      decideStart(this.#records.stateDir, containerId, { never: true }) ||
      (await this.#records.pid(containerId)) === undefined
    if (neverStarted) {
      await this.#destroy(containerId)
      return { kind: "unknown" }
    }
    const running = await this.#find(spec, record)
    if (running === undefined) {
      const exit = await this.#lastWord(spec)
      await this.#leaveNetworks(containerId)
      void this.#sweep(containerId)
      return { kind: "exited", exit }
    }
    // The last agent may have died between the decision that it is to run and its start.
    if (isRunc(running.pid))
      await startContainer(this.#records.stateDir, containerId, {
        pid: running.pid,
        isAlive: () => isAlive(running.init),
      })
    this.#track(running)
    // What ended before the line above is seen here, what ends after it through the watch.
    const exit = await this.#exitOf(running)
    if (exit === undefined)
      return { kind: "running", started: await this.#status(spec, running.pid) }
    this.#untrack(running)
    await this.#leaveNetworks(containerId)
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
    const { pid, protectedInit } = running
    if (options.force) {
      this.#records.forgetAsked(containerId)
      await this.#cgroups.killAll(containerId)
      return
    }
    if (options.signal !== undefined) return send(pid, options.signal)
    const signal = running.stopSignal
    askToEnd(this.#cgroups, { containerId, pid, signal, protectedInit }, () =>
      this.#records.noteAsked(containerId, signal),
    )
  }

  async forget(spec: ContainerSpec): Promise<void> {
    if (spec.debug) await this.#sessions.forget(spec.containerId)
    else await this.#remove(spec.containerId)
  }

  async removeOrphans(known: ReadonlySet<ContainerId>): Promise<readonly ContainerId[]> {
    await this.#prepare()
    const sessions = await this.#sessions.removeOrphans(known)
    // Other agents of this machine have containers in the same cgroups: ours have a bundle here.
    const supervisors = await findSupervisors(this.#records.bundlesDir)
    const found = new Set([
      ...(await this.#records.list()),
      ...(await this.#roots.list()),
      ...supervisors.keys(),
    ])
    const orphans = [...found].filter((id) => !known.has(id))
    await Promise.all(orphans.map((id) => this.#destroy(id, supervisors.get(id) ?? [])))
    await this.#options.networks?.removeOrphans(known)
    await this.#memory.removeOrphans(known)
    return [...sessions, ...orphans]
  }

  async attach(spec: ContainerSpec): Promise<Result<ContainerStreams, string>> {
    const { containerId, sandbox } = spec
    if (spec.debug) return this.#sessions.attach(containerId)
    const running = this.#running.get(containerId)
    if (running === undefined) return err("the container has ended")
    try {
      const [records, ended, stty] = [this.#records, running.ended.promise, findTool("stty")]
      return await attachToTerminal({ records, containerId, sandbox, stty, ended })
    } catch (cause) {
      return err(`the container cannot be attached to: ${errorText(cause)}`)
    }
  }

  runIn(spec: ContainerSpec, request: CommandRequest): Promise<CommandOutcome> {
    return runInContainer({ tools: tools(), records: this.#records, spec, request })
  }

  address(_spec: ContainerSpec): Promise<string> {
    return Promise.resolve("127.0.0.1")
  }

  network(spec: ContainerSpec): Promise<string | undefined> {
    const running = this.#running.get(spec.containerId)
    return Promise.resolve(running === undefined ? undefined : networkOf(running.pid))
  }

  listeningPorts({ containerId }: ContainerSpec): Promise<readonly number[]> {
    return Promise.resolve(listeningPorts(this.#cgroups.members(containerId)))
  }

  statistics(spec: ContainerSpec): Promise<ResourceStatistics | undefined> {
    if (!this.#running.has(spec.containerId)) return Promise.resolve(undefined)
    return Promise.resolve(containerStatistics(this.#cgroups, spec))
  }

  close(): Promise<void> {
    this.#closed = true
    this.#watch.stop()
    this.#rotation.stop()
    this.#sessions.close()
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

  #launchParts() {
    return {
      tools: tools(),
      records: this.#records,
      cgroups: this.#cgroups,
      roots: this.#roots,
      accounts: this.#accounts,
      netCls: this.#netCls,
      settings: this.#settings,
      networks: this.#options.networks,
      memory: this.#memory,
    }
  }

  async #launchSession(
    spec: ContainerSpec,
    signal: AbortSignal,
  ): Promise<Result<ContainerStarted, ContainerFailure>> {
    const parts = {
      tools: tools(),
      records: this.#records,
      sessions: this.#sessions,
      directory: this.#options.runtimeDir,
      userOf: (name: string) => hostUser(this.#accounts, name),
    }
    if (signal.aborted) throw new Error("the launch was given up")
    const started = await startSession(parts, spec)
    if (started.ok) return ok(await this.#status(spec, started.value.pid))
    return err({ reason: "REASON_CONTAINER_LAUNCH_FAILED", message: started.error })
  }

  async #started(spec: ContainerSpec, pid: number): Promise<ContainerStarted> {
    const record = await this.#records.launch(spec.containerId)
    const running = record === undefined ? undefined : await this.#find(spec, record)
    if (running === undefined) {
      // It has ended already: its exit is told in a later turn, as any other.
      setTimeout(() => void this.#concludeEarly(spec), 0)
    } else this.#track(running)
    return this.#status(spec, pid)
  }

  async #concludeEarly(spec: ContainerSpec): Promise<void> {
    const exit = await this.#lastWord(spec)
    await this.#leaveNetworks(spec.containerId)
    void this.#sweep(spec.containerId)
    if (!this.#closed) this.#listener(spec.containerId, exit)
  }

  async #status({ containerId }: ContainerSpec, pid: number): Promise<ContainerStarted> {
    const { address, networks } = this.#options
    const onHost = hostNetworkStatus(containerId, { address, pid })
    const status = { ...onHost, ...this.#netCls.status(containerId) }
    const found = await networkOfContainer(networks, containerId)
    return {
      status: found === undefined ? status : { ...status, networkInfos: found.networkInfos },
    }
  }

  /** Gives addresses and ports back before anybody hears that the container has ended. */
  async #leaveNetworks(containerId: ContainerId): Promise<void> {
    const { networks } = this.#options
    for (const owner of new Set([containerId, familyOf(containerId)]))
      await networks?.leave(owner, containerId)
  }

  /** The processes of a container that runs; undefined when its first one or its supervisor is gone. */
  async #find(
    spec: ContainerSpec,
    record: { readonly stopSignal: number; readonly protectedInit: boolean },
  ): Promise<Running | undefined> {
    const { containerId } = spec
    const pid = await this.#records.pid(containerId)
    const conmonPid = await this.#records.conmon(containerId)
    if (pid === undefined || conmonPid === undefined) return undefined
    const init = readStat(pid)
    const conmon = readStat(conmonPid)
    if (init === undefined || conmon === undefined || !this.#cgroups.holds(containerId, pid))
      return undefined
    const { stopSignal, protectedInit } = record
    const ended = Promise.withResolvers<void>()
    return { spec, pid, init, conmon, stopSignal, protectedInit, ended, concluding: false }
  }

  /** How a container ended whose first process is gone: its supervisor gets time to write it down. */
  async #lastWord(spec: ContainerSpec): Promise<ContainerExit> {
    const { containerId } = spec
    await this.#cgroups.killAll(containerId)
    await this.#supervisorEnd(containerId)
    const status = await this.#records.status(containerId)
    if (status !== undefined) return this.#exit(spec, status)
    const limitation = outOfMemory(this.#cgroups, containerId)
    return limitation === undefined ? lostExit() : { limitation }
  }

  #track(running: Running): void {
    this.#running.set(running.spec.containerId, running)
    this.#rotation.add(running.spec.sandbox)
    // What ended while it was looked for has left its file before the watch was asked.
    if (existsSync(`${this.#records.endedDir}/${running.spec.containerId}`))
      setTimeout(() => this.#hint(running.spec.containerId), 0)
  }

  #untrack({ spec, ended }: Running): void {
    ended.resolve()
    this.#running.delete(spec.containerId)
    this.#rotation.remove(spec.sandbox)
    void this.#sweep(spec.containerId)
  }

  #poll(): void {
    for (const [containerId, running] of this.#running) {
      if (!isAlive(running.conmon)) this.#hint(containerId)
      // In version 1 the kernel ends one process; in a namespace shared with others, what the first
      // process leaves behind keeps its supervisor waiting.
      else if (!isAlive(running.init) || this.#cgroups.memoryKills(containerId) > 0)
        void this.#cgroups.killAll(containerId)
    }
  }

  #hint(containerId: ContainerId): void {
    const running = this.#running.get(containerId)
    if (running === undefined || running.concluding) return
    running.concluding = true
    void this.#conclude(containerId, running)
  }

  async #conclude(containerId: ContainerId, running: Running): Promise<void> {
    const exit = await this.#exitOf(running).catch((cause: unknown) => lostExit(errorText(cause)))
    running.concluding = false
    if (exit === undefined || this.#closed || this.#running.get(containerId) !== running) return
    this.#untrack(running)
    await this.#leaveNetworks(containerId)
    if (!this.#closed) this.#listener(containerId, exit)
  }

  /** How the container ended; undefined while its supervisor lives. */
  async #exitOf({ spec, conmon }: Running): Promise<ContainerExit | undefined> {
    const alive = isAlive(conmon)
    const status = await this.#records.status(spec.containerId)
    if (status !== undefined) return this.#exit(spec, status)
    if (alive) return undefined
    await this.#cgroups.killAll(spec.containerId)
    return lostExit()
  }

  #exit({ containerId }: ContainerSpec, status: number): ContainerExit {
    const limitation = status === 0 ? undefined : outOfMemory(this.#cgroups, containerId)
    return limitation === undefined ? { status } : { status, limitation }
  }

  /** Ends what an ended container left behind, and lets the kernel forget its cgroups. */
  async #sweep(containerId: ContainerId): Promise<boolean> {
    for (let tries = 0; tries < SWEEP_TRIES && !this.#closed; tries++) {
      await this.#cgroups.killAll(containerId)
      if (this.#cgroups.remove(containerId)) return true
      await Bun.sleep(SWEEP_RETRY_MS)
    }
    return false
  }

  /** Ends a container whatever became of it, and removes every trace. */
  async #destroy(containerId: ContainerId, known?: readonly number[]): Promise<void> {
    // Its end is none to tell of, should this one be cut short.
    await this.#records.removeLaunch(containerId)
    const supervisors =
      known ?? (await findSupervisors(this.#records.bundlesDir)).get(containerId) ?? []
    // What of runc is at work would make the container again.
    for (const pid of supervisors) killSession(pid)
    await this.#remove(containerId)
  }

  /** Waits until the supervisor of an ended container has written down all there is, and is gone. */
  async #supervisorEnd(containerId: ContainerId): Promise<void> {
    const pid = await this.#records.conmon(containerId)
    if (pid === undefined) return
    const deadline = performance.now() + EXIT_DEADLINE_MS
    for (; supervises(pid, containerId); await Bun.sleep(EXIT_POLL_MS))
      if (performance.now() > deadline) return send(pid, "SIGKILL")
  }

  /** Records go last: without them nobody would come back for the rest. */
  async #remove(containerId: ContainerId): Promise<void> {
    if (!(await this.#sweep(containerId)))
      throw new Error(`processes of container ${containerId} do not end`)
    await this.#supervisorEnd(containerId)
    this.#families.leave(containerId)
    this.#netCls.free(containerId)
    await this.#leaveNetworks(containerId)
    await this.#memory.leave(containerId)
    await this.#roots.remove(containerId)
    await this.#records.remove(containerId)
  }
}

/** The agent's PATH may lack the directories of system programs. */
const findTool = (name: string): string | null =>
  Bun.which(name, { PATH: `${process.env["PATH"] ?? ""}:/usr/local/sbin:/usr/sbin:/sbin` })

/** What to install before containers can be run; undefined when all is there. */
function missingTools(): string | undefined {
  const missing = ["runc", "conmon"].filter((name) => findTool(name) === null)
  if (missing.length === 0) return undefined
  return `runc containers need ${missing.join(" and ")}: install ${missing.join(", ")}`
}

const tools = (): RuncTools => ({
  runc: findTool("runc") ?? "runc",
  conmon: findTool("conmon") ?? "conmon",
})

const lostExit = (cause = "its supervisor was killed"): ContainerExit => ({
  message: `the exit status of the container is lost: ${cause}`,
})
