import type {
  Cancel,
  Clock,
  ContainerFailure,
  ContainerId,
  ContainerRuntime,
  ContainerSpec,
  ContainerStarted,
  ExecutorClaims,
  ExecutorTokens,
  Fetcher,
  Log,
  Sandboxes,
  VolumeOrder,
  Volumes,
} from "#lib/ports/index.ts"
import { err, ok, type Result } from "#lib/std/result.ts"
import type { AgentInput, SandboxLink } from "./core/types.ts"
import type { VolumeNeeds } from "./core/volumes.ts"
import { Limiter } from "./limiter.ts"

/** Launches under way at one time: more would only fight for the disk and the container daemon. */
const LAUNCHES_AT_ONCE = 8

/** Recoveries under way at one time. */
const RECOVERIES_AT_ONCE = 16

/** How long a launch that was given up may take to end; after that it counts as failed. */
const ABORT_DEADLINE_MS = 30_000

/** How long to wait before a container that could not be looked for is looked for again. */
const RECOVER_RETRY_MS = 5_000

/** How long to wait before a runtime that could not tell its orphans is asked again. */
const SWEEP_RETRY_MS = 5_000

/** The same for one that was not there when the agent began, and may never be. */
const ABSENT_RETRY_MS = 30_000

/** What acting on containers needs. */
export type ContainerPorts = {
  readonly runtimes: readonly ContainerRuntime[]
  /** Those of the runtimes that answered at the start. */
  readonly available: ReadonlySet<ContainerRuntime["name"]>
  readonly fetcher: Fetcher
  readonly sandboxes: Sandboxes
  readonly volumes: Volumes
  /** Absent: executors are given no proof of who they are. */
  readonly executorTokens?: ExecutorTokens | undefined
  readonly clock: Clock
  readonly log: Log
  readonly post: (input: AgentInput) => void
}

/** What to launch, and what to prepare around its sandbox. */
export type LaunchOrder = {
  readonly spec: ContainerSpec
  readonly executor?: ExecutorClaims | undefined
  readonly directories: readonly string[]
  readonly links: readonly SandboxLink[]
} & Partial<VolumeNeeds>

type LaunchResult = Result<ContainerStarted, ContainerFailure>

/** Launches, finds, kills and forgets containers; what comes of it is posted as inputs. */
export class ContainerActions {
  /** How many tasks' URIs were fetched, and how many could not be. */
  readonly fetches = { succeeded: 0, failed: 0 }
  readonly #ports: ContainerPorts
  readonly #launches = new Limiter(LAUNCHES_AT_ONCE)
  readonly #recoveries = new Limiter(RECOVERIES_AT_ONCE)
  /** Launches that can be given up. */
  readonly #launching = new Map<ContainerId, AbortController>()
  readonly #recovering = new Map<ContainerId, Promise<void>>()
  /** The runtime of each container that was launched or looked for and is not forgotten yet. */
  readonly #owners = new Map<ContainerId, ContainerRuntime>()
  readonly #retries = new Set<Cancel>()
  /** Nothing is launched in a runtime before its orphans are known, or it would be one of them. */
  readonly #swept = new Map<ContainerRuntime, Promise<void>>()
  /** The containers that there were when the agent began. */
  #known: readonly ContainerId[] | undefined
  readonly #resizing = new AbortController()
  readonly #removingVolumes = new Map<string, Promise<void>>()
  readonly #forgetting = new Set<Promise<void>>()
  /** Containers of an earlier life that were not found yet: what they hold is not known. */
  readonly #sought = new Set<ContainerId>()
  readonly #recovered = Promise.withResolvers<void>()
  #allNamed = false
  #stopped = false

  constructor(ports: ContainerPorts) {
    this.#ports = ports
    for (const runtime of ports.runtimes)
      runtime.onExit((containerId, exit) =>
        ports.post({ kind: "containerExited", containerId, exit }),
      )
  }

  /** Makes the sandbox, fetches, and starts the container. */
  launch(order: LaunchOrder): void {
    const { containerId } = order.spec
    this.#own(order.spec)
    const controller = new AbortController()
    this.#launching.set(containerId, controller)
    void this.#launch(order, controller).then((result) => {
      this.#launching.delete(containerId)
      if (result.ok) this.#ports.post({ kind: "containerStarted", containerId, ...result.value })
      else this.#ports.post({ kind: "containerFailed", containerId, ...result.error })
    })
  }

  /** Gives a container that runs other limits, and more volumes. */
  resize(spec: ContainerSpec, added: readonly VolumeOrder[]): void {
    const { containerId } = spec
    void this.#resize(spec, added)
      .catch((cause: unknown) => err(String(cause)))
      .then((result) => {
        const error = result.ok ? undefined : result.error
        this.#ports.post({ kind: "containerResized", containerId, error })
      })
  }

  async #resize(
    spec: ContainerSpec,
    added: readonly VolumeOrder[],
  ): Promise<Result<unknown, string>> {
    const runtime = this.#runtimeOf(spec)
    for (const path of persistentPaths(added)) await this.#removingVolumes.get(path)
    let grown = spec
    if (added.length > 0) {
      const { signal } = this.#resizing
      const extended = await this.#ports.volumes.extend({ spec, volumes: added, signal })
      if (!extended.ok) return err(extended.error.message)
      grown = { ...spec, mounts: extended.value.mounts }
    }
    return (await runtime?.resize?.(grown)) ?? ok(undefined)
  }

  /** Finds a container of an earlier life; goes on until its runtime can tell. */
  recover(spec: ContainerSpec): void {
    const { containerId } = spec
    this.#own(spec)
    this.#sought.add(containerId)
    const done = this.#recoveries
      .run(() => this.#recover(spec))
      .then(() => {
        this.#sought.delete(containerId)
        this.#noteRecovered()
      })
      .catch((cause: unknown) => this.#recoverLater(spec, cause))
      .finally(() => this.#recovering.delete(containerId))
    this.#recovering.set(containerId, done)
  }

  /** Resolves once it is known what every container of an earlier life holds. */
  get recovered(): Promise<void> {
    return this.#recovered.promise
  }

  #noteRecovered(): void {
    if (this.#allNamed && this.#sought.size === 0) this.#recovered.resolve()
  }

  /** Ends and forgets what is not known. Comes after all that are to be found. */
  removeOrphans(known: readonly ContainerId[]): void {
    this.#allNamed = true
    this.#noteRecovered()
    const { available, log, runtimes, volumes } = this.#ports
    this.#known = known
    const present = runtimes.filter(({ name }) => available.has(name))
    for (const runtime of runtimes)
      if (!available.has(runtime.name)) this.#sweepLater(runtime, ABSENT_RETRY_MS)
    const all = present.map((runtime) => this.#sweep(runtime))
    // What a container holds is let go once nothing of it runs.
    void Promise.all(all)
      .then(() => volumes.recover(new Set(known)))
      .catch((cause: unknown) =>
        log.write("warn", "cannot let go of the volumes of an earlier life", {
          cause: String(cause),
        }),
      )
  }

  /** Looks for orphans of a runtime once it answers, unless a launch in it was sooner. */
  #sweepLater(runtime: ContainerRuntime, delayMs: number): void {
    if (this.#stopped) return
    const { clock } = this.#ports
    const cancel = clock.wakeAt(clock.now() + delayMs, () => {
      this.#retries.delete(cancel)
      if (this.#swept.has(runtime)) return
      void runtime.available().then((answers) => {
        if (answers.ok && !this.#swept.has(runtime)) void this.#sweep(runtime)
        else this.#sweepLater(runtime, delayMs)
      })
    })
    this.#retries.add(cancel)
  }

  /** Ends what is not known in a runtime; one that cannot tell now is asked again, and before it launches. */
  #sweep(runtime: ContainerRuntime): Promise<void> {
    const { log } = this.#ports
    if (this.#known === undefined) return Promise.resolve()
    const swept = runtime.removeOrphans(new Set([...this.#known, ...this.#owners.keys()])).then(
      (removed) => {
        for (const container of removed)
          log.write("warn", "removed a container that no task owns", { container })
      },
      (cause: unknown) => {
        this.#swept.delete(runtime)
        log.write("warn", `cannot look for containers that no task owns`, {
          runtime: runtime.name,
          cause: String(cause),
        })
        this.#sweepLater(runtime, SWEEP_RETRY_MS)
      },
    )
    this.#swept.set(runtime, swept)
    return swept
  }

  /** Signals the container, or gives its launch up. */
  async kill(
    containerId: ContainerId,
    how: { readonly force: boolean; readonly signal?: number | undefined },
  ): Promise<void> {
    this.#launching.get(containerId)?.abort()
    await this.#recovering.get(containerId)
    await this.#owners
      .get(containerId)
      ?.kill(containerId, how)
      .catch((cause: unknown) =>
        this.#ports.log.write("warn", "cannot signal a container", {
          container: containerId,
          cause: String(cause),
        }),
      )
  }

  /** Removes the records of a container that has ended, and lets go of its volumes. */
  forget(spec: ContainerSpec): void {
    const { containerId } = spec
    this.#owners.delete(containerId)
    const forgotten = this.#forget(spec)
      .then(() => this.#ports.volumes.release(containerId))
      .catch((cause: unknown) =>
        this.#ports.log.write("warn", "cannot let go of the volumes of a container", {
          container: containerId,
          cause: String(cause),
        }),
      )
      .finally(() => this.#forgetting.delete(forgotten))
    this.#forgetting.add(forgotten)
  }

  /** Resolves once nothing is left of the containers that were to be forgotten so far. */
  async forgotten(): Promise<void> {
    await Promise.all(this.#forgetting)
  }

  async #forget(spec: ContainerSpec): Promise<void> {
    try {
      await this.#runtimeOf(spec)?.forget(spec)
    } catch (cause) {
      this.#ports.log.write("warn", "cannot remove the records of a container", {
        container: spec.containerId,
        cause: String(cause),
      })
    }
  }

  /** Deletes the data of a volume; of a mount only what is in it. */
  removeVolume({ path, isMount }: { readonly path: string; readonly isMount: boolean }): void {
    const { post, sandboxes } = this.#ports
    const removed = (isMount ? this.#empty(path) : sandboxes.remove(path)).then(
      () => post({ kind: "volumeRemoved", path }),
      (cause: unknown) => post({ kind: "volumeRemoved", path, error: String(cause) }),
    )
    this.#removingVolumes.set(path, removed)
    void removed.then(() => this.#removingVolumes.delete(path))
  }

  async #empty(path: string): Promise<void> {
    const { sandboxes } = this.#ports
    const entries = await sandboxes.list({ root: path, path: "" })
    if (!entries.ok) throw new Error(entries.error.message)
    for (const { name } of entries.value) await sandboxes.remove(`${path}/${name}`)
  }

  /** Gives up what is under way; containers that run go on. */
  stop(): void {
    this.#stopped = true
    this.#resizing.abort()
    for (const cancel of this.#retries) cancel()
    for (const controller of this.#launching.values()) controller.abort()
  }

  #own(spec: ContainerSpec): void {
    const runtime = this.#runtimeOf(spec)
    if (runtime !== undefined) this.#owners.set(spec.containerId, runtime)
  }

  async #launch(order: LaunchOrder, controller: AbortController): Promise<LaunchResult> {
    const { spec } = order
    const started = this.#launches
      .run(() => this.#prepareAndStart(order, controller.signal))
      .catch((cause: unknown) => failure(`The container could not be started: ${String(cause)}`))
    const first = await Promise.race([started, this.#gaveUp(controller.signal)])
    if (first !== "gaveUp") return first
    // Whatever it still comes to is ended, so that the failure stays true.
    void started.then((late): Promise<void> | undefined => {
      if (!late.ok) return undefined
      this.forget(spec)
      return this.#runtimeOf(spec)?.kill(spec.containerId, { force: true })
    })
    return failure("The launch was given up and did not end in time")
  }

  async #prepareAndStart(order: LaunchOrder, signal: AbortSignal): Promise<LaunchResult> {
    const { fetcher, sandboxes } = this.#ports
    const { spec } = order
    const { sandbox, user, task } = spec
    const runtime = this.#runtimeOf(spec)
    if (runtime === undefined) return failure(`This agent runs no ${spec.runtime} containers`)
    await (this.#swept.get(runtime) ?? this.#sweep(runtime))
    // A volume made anew must not lose what its task writes to the deletion of the last one.
    for (const path of [...order.directories, ...persistentPaths(order.volumes)])
      await this.#removingVolumes.get(path)
    if (signal.aborted) return failure("The launch was given up")
    // A debug container works in its parent's sandbox, which stays its parent's.
    for (const path of spec.debug ? [] : [...order.directories, sandbox]) {
      const created = await (path === sandbox
        ? sandboxes.create(path, user)
        : sandboxes.createShared(path, user))
      if (!created.ok) return failure(`The sandbox could not be made: ${created.error.message}`)
    }
    for (const { link, target } of order.links) await sandboxes.link(link, target)
    const prepared = await this.#ports.volumes.prepare({
      spec,
      volumes: order.volumes ?? [],
      secretEnvironment: order.secretEnvironment ?? {},
      signal,
    })
    if (!prepared.ok) return failure(prepared.error.message)
    const uris = task.command?.uris ?? []
    if (uris.length > 0) {
      const fetched = await fetcher.fetch({ uris, sandbox, user, signal })
      if (fetched.ok) this.fetches.succeeded++
      else {
        this.fetches.failed++
        return failure(fetched.error.message)
      }
    }
    if (signal.aborted) return failure("The launch was given up")
    const { mounts, environment: own } = prepared.value
    const inherited = await this.#secretsOfParent(spec)
    const environment = { ...inherited, ...spec.environment, ...own, ...this.#proofOf(order) }
    const complete = { ...spec, mounts, environment }
    return runtime.launch(complete, signal, () =>
      this.#ports.post({ kind: "containerPrepared", containerId: spec.containerId }),
    )
  }

  /** A debug container knows what its parent knows. */
  async #secretsOfParent({ debug, parent }: ContainerSpec): Promise<ContainerSpec["environment"]> {
    return debug && parent !== undefined ? await this.#ports.volumes.environment(parent) : {}
  }

  /** What an executor shows with its calls. It is a secret, so it is in no book. */
  #proofOf({ executor }: LaunchOrder): Readonly<Record<string, string>> {
    const { executorTokens } = this.#ports
    if (executor === undefined || executorTokens === undefined) return {}
    return { MESOS_EXECUTOR_AUTHENTICATION_TOKEN: executorTokens.issue(executor) }
  }

  /** Resolves some time after the signal aborts; never when it does not. */
  #gaveUp(signal: AbortSignal): Promise<"gaveUp"> {
    return new Promise((resolve) => {
      signal.addEventListener("abort", () => {
        const { clock } = this.#ports
        clock.wakeAt(clock.now() + ABORT_DEADLINE_MS, () => resolve("gaveUp"))
      })
    })
  }

  async #recover(spec: ContainerSpec): Promise<void> {
    const { post } = this.#ports
    const { containerId } = spec
    const runtime = this.#runtimeOf(spec)
    if (runtime === undefined) {
      const message = `this agent runs no ${spec.runtime} containers any more`
      return post({ kind: "containerExited", containerId, exit: { message } })
    }
    const found = await runtime.recover(spec)
    switch (found.kind) {
      case "running":
        return post({ kind: "containerStarted", containerId, ...found.started })
      case "exited":
        return post({ kind: "containerExited", containerId, exit: found.exit })
      case "unknown":
        // It may be launched again, and must not meet what is left of the first attempt.
        await runtime.forget(spec)
        return post({ kind: "containerUnknown", containerId })
      default:
        return found satisfies never
    }
  }

  #recoverLater(spec: ContainerSpec, cause: unknown): void {
    if (this.#stopped) return
    const { clock, log } = this.#ports
    log.write("warn", "cannot look for a container, tries again", {
      container: spec.containerId,
      cause: String(cause),
    })
    const cancel = clock.wakeAt(clock.now() + RECOVER_RETRY_MS, () => {
      this.#retries.delete(cancel)
      this.recover(spec)
    })
    this.#retries.add(cancel)
  }

  #runtimeOf(spec: ContainerSpec): ContainerRuntime | undefined {
    return this.#ports.runtimes.find(({ name }) => name === spec.runtime)
  }
}

/** Where the persistent volumes of a container lie. */
const persistentPaths = (volumes: readonly VolumeOrder[] | undefined): readonly string[] =>
  (volumes ?? []).flatMap(({ source }) => (source.kind === "persistent" ? [source.path] : []))

const failure = (message: string): LaunchResult =>
  err({ reason: "REASON_CONTAINER_LAUNCH_FAILED", message })
