import { mkdir, rm } from "node:fs/promises"
import { totalmem } from "node:os"
import type Docker from "dockerode"
import type { ContainerInspectInfo } from "dockerode"
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
import { mesosContainerId } from "#lib/io/host/container-status.ts"
import { ProcessSnapshots } from "#lib/io/host/process-snapshots.ts"
import { errorText } from "#lib/io/host/files.ts"
import type { ContainerDns } from "#lib/io/host/container-dns.ts"
import { bootId } from "#lib/io/host/proc.ts"
import { networkOf } from "#lib/io/host/network-namespace.ts"
import { gpuDevices } from "#lib/io/gpu/devices.ts"
import type { LogRotationOptions } from "#lib/io/host/log-rotation.ts"
import { CONTAINER_LABEL, OWNER_LABEL, containerName, createOptions } from "./create-options.ts"
import { DockerDaemon, daemonStatus, isUnreachable } from "./daemon.ts"
import { DockerEvents } from "./events.ts"
import { Images } from "./images.ts"
import { LateRemovals } from "./late-removals.ts"
import { LogCopy } from "./log-copy.ts"
import { attachContainer } from "./attach.ts"
import { createContainer } from "./create-container.ts"
import { readParameterFiles } from "./parameter-files.ts"
import { resizeContainer } from "./resize.ts"
import { runInContainer } from "./run-in.ts"
import { DockerSessions } from "./sessions.ts"
import { dockerStatistics } from "./statistics.ts"
import {
  endOf,
  exitOf,
  KILLED_EXIT,
  reachableAddress,
  startedOf,
  stopSignal,
  wasStarted,
} from "./status.ts"

const SIGTERM = 15

/** How long the end of a container waits for the last of its output. */
const LOG_DRAIN_MS = 5000

/** Tries to have a signal delivered while the daemon is away, and the wait between them. */
const KILL_TRIES = 60
const KILL_RETRY_MS = 1000

/** How much later than of its end the daemon may hear why a container was killed. */
const OOM_NEWS_MS = 250

/** What the Docker runtime is given. */
export type DockerRuntimeOptions = {
  /** The daemon's socket, "/var/run/docker.sock" on most machines. */
  readonly socketPath: string
  /** Where positions of log copies are kept; unlike containers they may be lost with a reboot. */
  readonly runtimeDir: string
  /** Tells this agent's containers from those of other agents on the daemon: its work directory. */
  readonly owner: string
  /** The agent's address, which containers on the host network share. */
  readonly address: string
  /** Docker configuration with credentials of registries, its text or its path; tasks' own come first. */
  readonly dockerConfig?: string | undefined
  /** Whether cpus that a task asked for are a limit too, where it names none. */
  readonly enableCfs?: boolean | undefined
  /** Where containers see their sandbox; as in Mesos by default. */
  readonly sandboxDirectory?: string | undefined
  /** Whether containers that no record names are ended; true by default. */
  readonly killOrphans?: boolean | undefined
  /** How long containers that have ended stay in Docker, in milliseconds; not at all by default. */
  readonly removeDelayMs?: number | undefined
  /** How names are resolved where neither task nor network says (`--default_container_dns`). */
  readonly dns?: ContainerDns | undefined
  readonly logs?: LogRotationOptions | undefined
}

/** A container that runs, as far as this process knows. */
type Running = { readonly spec: ContainerSpec; readonly logs: LogCopy; concluding: boolean }

/** Runs tasks as Docker containers. The daemon keeps them and their exit codes; labels say which are ours. */
export class DockerRuntime implements ContainerRuntime {
  readonly name = "docker"
  readonly #options: DockerRuntimeOptions
  readonly #daemon: DockerDaemon
  readonly #images = new Images()
  readonly #running = new Map<ContainerId, Running>()
  /** Copies of output that are not over: of containers that run, and of some that have ended. */
  readonly #copies = new Map<ContainerId, LogCopy>()
  /** Containers that the daemon was not there to remove. */
  readonly #toRemove = new Set<string>()
  readonly #late: LateRemovals
  readonly #events: DockerEvents
  readonly #sessions: DockerSessions
  #listener: (containerId: ContainerId, exit: ContainerExit) => void = () => {}
  #closed = false

  constructor(options: DockerRuntimeOptions) {
    this.#options = options
    this.#daemon = new DockerDaemon(options.socketPath)
    this.#late = new LateRemovals(options.removeDelayMs ?? 0)
    this.#events = new DockerEvents({
      daemon: this.#daemon,
      owner: options.owner,
      onHint: (containerId) => this.#hint(containerId),
      onConnected: () => this.#connected(),
    })
    this.#sessions = new DockerSessions({
      daemon: this.#daemon,
      snapshots: new ProcessSnapshots(),
      directory: `${options.runtimeDir}/docker/sessions`,
      onExit: (containerId, exit) => this.#listener(containerId, exit),
    })
  }

  async available(): Promise<Result<void, string>> {
    try {
      await this.#daemon.ping()
      return ok(undefined)
    } catch (cause) {
      return err(errorText(cause))
    }
  }

  onExit(listener: (containerId: ContainerId, exit: ContainerExit) => void): void {
    this.#listener = listener
  }

  async launch(
    spec: ContainerSpec,
    signal: AbortSignal,
    onPrepared?: () => void,
  ): Promise<Result<ContainerStarted, ContainerFailure>> {
    if (spec.debug) return this.#launchSession(spec, signal)
    const given = spec.task.container?.docker?.parameters ?? []
    const parameters = await readParameterFiles(given, spec.sandbox)
    if (!parameters.ok) return launchFailure(parameters.error)
    const options = createOptions({
      spec,
      owner: this.#options.owner,
      bootId: bootId(),
      parameters: parameters.value,
      memoryBytes: totalmem(),
      enableCfs: this.#options.enableCfs,
      sandboxDirectory: this.#options.sandboxDirectory,
      dns: this.#options.dns,
      devices: gpuDevices(spec.gpus),
    })
    if (!options.ok) return launchFailure(options.error)
    let step = "could not be prepared"
    let created: Docker.Container | undefined
    try {
      await this.#daemon.ping()
      const docker = await this.#daemon.client()
      step = `could not be given image ${options.value.Image}`
      await this.#ensureImage(docker, spec, signal)
      step = "could not be created"
      created = await createContainer(docker, options.value, signal)
      if (signal.aborted) throw new Error("the launch was given up")
      step = "could not be started"
      onPrepared?.()
      await created.start()
      const inspected = await created.inspect()
      await this.#watch(spec)
      if (!inspected.State.Running) setTimeout(() => this.#hint(spec.containerId), 0)
      return ok(startedOf(spec, inspected, this.#options.address))
    } catch (cause) {
      if (created !== undefined) await this.#removeSurely(created.id)
      return launchFailure(`the container ${step}: ${this.#daemon.explain(cause)}`)
    }
  }

  async recover(spec: ContainerSpec): Promise<ContainerRecovery> {
    let inspected: ContainerInspectInfo | undefined
    try {
      inspected = await this.#inspect(spec.containerId)
    } catch (cause) {
      if (!isUnreachable(cause)) throw cause
      // Nothing is known while the daemon is away; the truth is told when it is back.
      await this.#watch(spec)
      const status = { containerId: mesosContainerId(spec.containerId) }
      return { kind: "running", started: { status } }
    }
    if (inspected === undefined) return { kind: "unknown" }
    if (!wasStarted(inspected)) {
      await this.forget(spec)
      return { kind: "unknown" }
    }
    const running = await this.#watch(spec)
    if (inspected.State.Running) {
      const started = startedOf(spec, inspected, this.#options.address)
      return { kind: "running", started }
    }
    this.#running.delete(spec.containerId)
    await running.logs.finish(LOG_DRAIN_MS)
    return { kind: "exited", exit: exitOf(spec, inspected) }
  }

  async resize({ containerId, task }: ContainerSpec): Promise<Result<void, string>> {
    if (!this.#running.has(containerId)) return ok(undefined)
    try {
      const docker = await this.#daemon.client()
      const { enableCfs } = this.#options
      await resizeContainer(docker.getContainer(containerName(containerId)), task, { enableCfs })
      return ok(undefined)
    } catch (cause) {
      return err(this.#daemon.explain(cause))
    }
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
    for (let left = KILL_TRIES; this.#running.has(containerId); left--) {
      try {
        return await this.#signal(containerId, options)
      } catch (cause) {
        if (left <= 1 || this.#closed || !isUnreachable(cause)) throw cause
        await Bun.sleep(KILL_RETRY_MS)
      }
    }
  }

  async forget(spec: ContainerSpec): Promise<void> {
    if (spec.debug) return this.#sessions.forget(spec.containerId)
    // With the container its output would go, which may be more than could be copied by now.
    if (!this.#running.has(spec.containerId)) await this.#copies.get(spec.containerId)?.whole()
    if (this.#closed) return
    if (!(await this.#postponed(spec.containerId)))
      await this.#removeSurely(containerName(spec.containerId))
    await rm(this.#positionFile(spec.containerId), { force: true })
  }

  async removeOrphans(known: ReadonlySet<ContainerId>): Promise<readonly ContainerId[]> {
    const sessions = await this.#sessions.removeOrphans(known)
    const docker = await this.#daemon.client()
    const label = [`${OWNER_LABEL}=${this.#options.owner}`]
    const found = await docker.listContainers({ all: true, filters: { label } })
    const orphans = [...sessions]
    for (const { Id, Labels, State } of found) {
      const containerId = (Labels[CONTAINER_LABEL] ?? Id) as ContainerId
      if (known.has(containerId) || (await this.#postponed(containerId))) continue
      if (this.#options.killOrphans === false && State === "running") continue
      await this.#remove(Id)
      await rm(this.#positionFile(containerId), { force: true })
      orphans.push(containerId)
    }
    return orphans
  }

  async attach(spec: ContainerSpec): Promise<Result<ContainerStreams, string>> {
    if (spec.debug) return this.#sessions.attach(spec.containerId)
    try {
      const inspected = await this.#inspect(spec.containerId)
      if (inspected?.State.Running !== true) return err("the container has ended")
      if (!inspected.Config.Tty) return err("the container has no terminal to attach to")
      const docker = await this.#daemon.client()
      return ok(await attachContainer(docker.getContainer(inspected.Id)))
    } catch (cause) {
      return err(`the container cannot be attached to: ${this.#daemon.explain(cause)}`)
    }
  }

  async runIn(spec: ContainerSpec, request: CommandRequest): Promise<CommandOutcome> {
    try {
      const docker = await this.#daemon.client()
      return await runInContainer(docker, containerName(spec.containerId), request)
    } catch (cause) {
      return { kind: "failed", message: this.#daemon.explain(cause) }
    }
  }

  async address(spec: ContainerSpec): Promise<string> {
    if ((spec.task.container?.docker?.network ?? "HOST") === "HOST") return "127.0.0.1"
    const inspected = await this.#inspect(spec.containerId).catch(() => undefined)
    return inspected === undefined ? "127.0.0.1" : reachableAddress(inspected)
  }

  async network(spec: ContainerSpec): Promise<string | undefined> {
    if ((spec.task.container?.docker?.network ?? "HOST") === "HOST") return undefined
    const inspected = await this.#inspect(spec.containerId).catch(() => undefined)
    return inspected?.State.Running === true ? networkOf(inspected.State.Pid) : undefined
  }

  async statistics(spec: ContainerSpec): Promise<ResourceStatistics | undefined> {
    try {
      const docker = await this.#daemon.client()
      const container = docker.getContainer(containerName(spec.containerId))
      const stats = await container.stats({ stream: false, "one-shot": true })
      return dockerStatistics({
        stats,
        task: spec.task,
        memoryBytes: totalmem(),
        now: Date.now(),
      })
    } catch {
      return undefined
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#events.stop()
    this.#sessions.close()
    this.#late.stop()
    this.#running.clear()
    await Promise.all([...this.#copies.values()].map((copy) => copy.stop()))
  }

  async #launchSession(
    spec: ContainerSpec,
    signal: AbortSignal,
  ): Promise<Result<ContainerStarted, ContainerFailure>> {
    if (signal.aborted) return launchFailure("the launch was given up")
    try {
      const started = await this.#sessions.start(spec)
      if (!started.ok) return launchFailure(started.error)
      const containerId = mesosContainerId(spec.containerId)
      const pid = started.value > 0 ? { executorPid: started.value } : {}
      return ok({ status: { containerId, ...pid } })
    } catch (cause) {
      return launchFailure(`the command could not be started: ${this.#daemon.explain(cause)}`)
    }
  }

  async #ensureImage(docker: Docker, spec: ContainerSpec, signal: AbortSignal): Promise<void> {
    const { docker: info, mesos } = spec.task.container ?? {}
    const { image = "", forcePullImage = false } = info ?? {}
    const configs = [
      mesos?.image?.docker?.config?.value?.data,
      `${spec.sandbox}/.docker/config.json`,
      `${spec.sandbox}/.dockercfg`,
      this.#options.dockerConfig,
    ].filter((config) => config !== undefined)
    await this.#images.ensure({ docker, image, force: forcePullImage, configs, signal })
  }

  /** Follows a container's output and end. */
  async #watch(spec: ContainerSpec): Promise<Running> {
    await mkdir(`${this.#options.runtimeDir}/docker`, { recursive: true, mode: 0o700 })
    const logs = new LogCopy({
      daemon: this.#daemon,
      name: containerName(spec.containerId),
      sandbox: spec.sandbox,
      positionFile: this.#positionFile(spec.containerId),
      limits: this.#options.logs,
    })
    const running = { spec, logs, concluding: false }
    this.#running.set(spec.containerId, running)
    this.#copies.set(spec.containerId, logs)
    void logs.start().then(() => this.#copies.delete(spec.containerId))
    this.#events.start()
    return running
  }

  #connected(): void {
    for (const containerId of this.#running.keys()) this.#hint(containerId)
    for (const nameOrId of this.#toRemove) void this.#removeSurely(nameOrId)
  }

  #hint(containerId: ContainerId): void {
    const running = this.#running.get(containerId)
    if (running === undefined || running.concluding) return
    running.concluding = true
    void this.#conclude(running)
  }

  async #conclude(running: Running): Promise<void> {
    const { containerId } = running.spec
    try {
      const inspected = await this.#inspectEnd(containerId)
      if (inspected?.State.Running === true) return
      await running.logs.finish(LOG_DRAIN_MS)
      if (this.#closed || this.#running.get(containerId) !== running) return
      this.#running.delete(containerId)
      this.#listener(containerId, endOf(running.spec, inspected))
    } catch {
      // The daemon went away: the next connection to it brings every container up again.
    } finally {
      running.concluding = false
    }
  }

  async #signal(
    containerId: ContainerId,
    { force, signal: given }: { readonly force: boolean; readonly signal?: number | undefined },
  ): Promise<void> {
    const inspected = await this.#inspect(containerId)
    if (inspected?.State.Running !== true) return
    const docker = await this.#daemon.client()
    const signal = force ? "SIGKILL" : (given ?? stopSignal(inspected))
    try {
      await docker.getContainer(containerName(containerId)).kill({ signal })
    } catch (cause) {
      // It ended in between.
      if (daemonStatus(cause) !== 404 && daemonStatus(cause) !== 409) throw cause
    }
  }

  /**
   * A container that has probably ended. The daemon may hear that its memory was used up after it has
   * heard of its end: one that was killed is looked at again.
   */
  async #inspectEnd(containerId: ContainerId): Promise<ContainerInspectInfo | undefined> {
    const inspected = await this.#inspect(containerId)
    if (inspected === undefined || inspected.State.Running) return inspected
    if (inspected.State.ExitCode !== KILLED_EXIT || inspected.State.OOMKilled) return inspected
    await Bun.sleep(OOM_NEWS_MS)
    return this.#inspect(containerId)
  }

  /** The container as the daemon knows it; undefined when it does not. */
  async #inspect(containerId: ContainerId): Promise<ContainerInspectInfo | undefined> {
    const docker = await this.#daemon.client()
    try {
      return await docker.getContainer(containerName(containerId)).inspect()
    } catch (cause) {
      if (daemonStatus(cause) === 404) return undefined
      throw cause
    }
  }

  /** Whether a container that has ended is to be seen in Docker for a while longer. */
  async #postponed(containerId: ContainerId): Promise<boolean> {
    if ((this.#options.removeDelayMs ?? 0) === 0) return false
    const inspected = await this.#inspect(containerId).catch(() => undefined)
    return this.#late.postpone(inspected, (id) => void this.#removeSurely(id))
  }

  /** Removes a container now, or, when that fails, as soon as the daemon is connected again. */
  async #removeSurely(nameOrId: string): Promise<void> {
    try {
      await this.#remove(nameOrId)
      this.#toRemove.delete(nameOrId)
    } catch {
      this.#toRemove.add(nameOrId)
      this.#events.start()
    }
  }

  async #remove(nameOrId: string): Promise<void> {
    const docker = await this.#daemon.client()
    try {
      await docker.getContainer(nameOrId).remove({ force: true, v: true })
    } catch (cause) {
      // Gone already, or just being removed.
      if (daemonStatus(cause) !== 404 && daemonStatus(cause) !== 409) throw cause
    }
  }

  #positionFile(containerId: ContainerId): string {
    return `${this.#options.runtimeDir}/docker/${containerId}.position`
  }
}

const launchFailure = (message: string): Result<never, ContainerFailure> =>
  err({ reason: "REASON_CONTAINER_LAUNCH_FAILED", message })
