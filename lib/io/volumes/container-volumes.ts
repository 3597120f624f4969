import { readFile } from "node:fs/promises"
import type { Secret } from "#lib/mesos/index.ts"
import type {
  ContainerId,
  ContainerMount,
  ContainerSpec,
  Log,
  PreparedVolumes,
  SecretResolver,
  VolumeOrder,
  Volumes,
  VolumesFailure,
  VolumesRequest,
} from "#lib/ports/index.ts"
import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"
import { Accounts } from "#lib/io/host/accounts.ts"
import type { Account } from "#lib/io/host/accounts.ts"
import { errorText } from "#lib/io/host/files.ts"
import { DRIVER_IN_CONTAINER } from "#lib/io/gpu/driver-volume.ts"
import { KeyedLock } from "#lib/io/host/keyed-lock.ts"
import { parseMounts } from "#lib/io/host/mount-table.ts"
import { DEFAULT_DRIVER } from "./docker-volumes.ts"
import type { DockerVolumes } from "./docker-volumes.ts"
import { HoldBooks, holdKey } from "./holds.ts"
import type { Hold } from "./holds.ts"
import {
  hostPlace,
  makeLink,
  makeMountPoint,
  persistentPlace,
  refusePrivate,
  sandboxPlace,
} from "./places.ts"
import type { Place } from "./places.ts"
import { noSecretStore, secretBytes, SecretFiles } from "./secret-files.ts"

/** Before something that could not be given back is tried again; then twice that, up to the most. */
const RETRY_MS = 5_000
const RETRY_MAX_MS = 300_000

/** The volumes of CSI plugins. */
export interface CsiVolumes {
  /** Where the volume is published; stages and publishes it if need be. */
  take(
    volume: Extract<VolumeOrder["source"], { readonly kind: "csi" }>["volume"],
    use: {
      readonly readOnly: boolean
      readonly stageSecrets: Readonly<Record<string, string>>
      readonly publishSecrets: Readonly<Record<string, string>>
      readonly signal: AbortSignal
    },
  ): Promise<Place>
  /** Unpublishes and unstages the volume, which nobody uses any more. */
  giveBack(
    volume: { readonly plugin: string; readonly volumeId: string },
    signal: AbortSignal,
  ): Promise<void>
}

/** What making volumes ready needs. */
export type ContainerVolumesOptions = {
  /** A directory for the books of what containers hold; it outlives reboots. */
  readonly stateDir: string
  /** A directory for secrets, best in memory. */
  readonly secretDir: string
  /** Identifies this life of the machine. */
  readonly bootId: string
  /** Directories below which missing host paths are made (`--host_path_volume_force_creation`). */
  readonly creatableHostPaths?: readonly string[] | undefined
  /** Holds the driver of the machine's GPUs; containers that have GPUs and an image see it. */
  readonly gpuDriver?: string | undefined
  readonly docker: DockerVolumes
  readonly csi?: CsiVolumes | undefined
  readonly secrets?: SecretResolver | undefined
  readonly log: Log
  readonly retryMs?: number | undefined
}

/** A container for which volumes are being made ready. */
type Preparing = Pick<VolumesRequest, "signal"> & {
  readonly spec: ContainerSpec
  readonly owner: Account | undefined
}

/** Makes the volumes and secrets of containers ready and gives them back. */
export class ContainerVolumes implements Volumes {
  readonly #options: ContainerVolumesOptions
  readonly #books: HoldBooks
  readonly #secretFiles: SecretFiles
  readonly #accounts = new Accounts()
  readonly #containers = new KeyedLock()
  readonly #things = new KeyedLock()
  readonly #retries = new Map<ContainerId, ReturnType<typeof setTimeout>>()
  /** Containers of this life: an earlier one says nothing about them. */
  readonly #own = new Set<ContainerId>()
  readonly #stop = new AbortController()

  constructor(options: ContainerVolumesOptions) {
    this.#options = options
    this.#books = new HoldBooks(options.stateDir)
    this.#secretFiles = new SecretFiles(options.secretDir)
  }

  prepare(request: VolumesRequest): Promise<Result<PreparedVolumes, VolumesFailure>> {
    const { spec, volumes, secretEnvironment } = request
    const { containerId } = spec
    this.#own.add(containerId)
    return this.#containers.run(containerId, () =>
      inSteps(request.signal, async (step) => {
        step("the books of volumes")
        await this.#books.load()
        const holds = volumes.flatMap(({ source }) => holdOf(source))
        const boot = this.#options.bootId
        if (holds.length > 0) await this.#books.put(containerId, { boot, holds }, holds)
        const mounts = await this.#makeAll(request, step)
        mounts.push(...this.#gpuDriver(spec))
        const environment: Record<string, string> = {}
        for (const [name, secret] of Object.entries(secretEnvironment)) {
          step(`the environment variable '${name}'`)
          environment[name] = await this.#text(secret, request.signal)
        }
        step("the secrets of the container")
        await this.#secretFiles.keepEnvironment(containerId, environment)
        return { mounts, environment }
      }),
    )
  }

  extend(
    request: Omit<VolumesRequest, "secretEnvironment">,
  ): Promise<Result<Pick<PreparedVolumes, "mounts">, VolumesFailure>> {
    const { containerId } = request.spec
    this.#own.add(containerId)
    return this.#containers.run(containerId, () =>
      inSteps(request.signal, async (step) => {
        step("the books of volumes")
        await this.#books.load()
        const held = this.#books.of(containerId)?.holds ?? []
        const keys = new Set(held.map(holdKey))
        const added = request.volumes
          .flatMap(({ source }) => holdOf(source))
          .filter((hold) => !keys.has(holdKey(hold)))
        const boot = this.#options.bootId
        if (added.length > 0)
          await this.#books.put(containerId, { boot, holds: [...held, ...added] }, added)
        return { mounts: await this.#makeAll(request, step) }
      }),
    )
  }

  async #makeAll(
    { spec, volumes, signal }: Omit<VolumesRequest, "secretEnvironment">,
    step: (at: string) => void,
  ): Promise<ContainerMount[]> {
    const preparing = { spec, owner: await this.#owner(spec), signal }
    const mounts: ContainerMount[] = []
    for (const [index, order] of volumes.entries()) {
      step(`the volume '${order.containerPath}'`)
      if (order.source.kind === "persistent" && order.source.ofParent === true)
        await this.#place(preparing, order, index)
      else mounts.push(await this.#make(preparing, order, index))
    }
    return mounts
  }

  environment(containerId: ContainerId): Promise<Readonly<Record<string, string>>> {
    return this.#secretFiles.environment(containerId)
  }

  async release(containerId: ContainerId): Promise<void> {
    this.#own.delete(containerId)
    await this.#release(containerId, this.#options.retryMs ?? RETRY_MS)
  }

  async recover(known: ReadonlySet<ContainerId>): Promise<void> {
    await this.#books.load()
    const unknown = (id: ContainerId): boolean => !known.has(id) && !this.#own.has(id)
    for (const containerId of this.#books.containers.filter(unknown))
      await this.release(containerId)
    for (const containerId of (await this.#secretFiles.containers()).filter(unknown))
      await this.#secretFiles.remove(containerId)
  }

  /** Gives up what is under way; what is held stays held. */
  close(): void {
    this.#stop.abort(new Error("the agent stops"))
    for (const timer of this.#retries.values()) clearTimeout(timer)
    this.#retries.clear()
  }

  async #make(preparing: Preparing, order: VolumeOrder, index: number): Promise<ContainerMount> {
    const { spec, owner } = preparing
    const { containerPath: target, readOnly } = order
    const { path, kind } = await this.#place(preparing, order, index)
    if (!target.startsWith("/")) {
      if (spec.runtime === "process") await makeLink(spec.sandbox, target, { path, owner })
      else await makeMountPoint(spec.sandbox, target, { kind, owner })
    }
    const propagation = order.source.kind === "hostPath" ? order.source.propagation : undefined
    const mount = { source: path, target, kind, readOnly }
    return propagation === undefined ? mount : { ...mount, propagation }
  }

  #gpuDriver({ gpus = [], task: { container } }: ContainerSpec): readonly ContainerMount[] {
    const { gpuDriver: source } = this.#options
    const image = container?.docker ?? container?.mesos?.image
    if (source === undefined || image === undefined || gpus.length === 0) return []
    return [{ source, target: DRIVER_IN_CONTAINER, kind: "directory", readOnly: true }]
  }

  async #place(
    { spec, owner, signal }: Preparing,
    { source, readOnly }: VolumeOrder,
    index: number,
  ): Promise<Place> {
    const { containerId } = spec
    switch (source.kind) {
      case "hostPath": {
        const place = await hostPlace(source.path, this.#options.creatableHostPaths ?? [])
        // Docker refuses by itself, and processes see all mounts of the machine.
        if (source.propagation === "bidirectional" && spec.runtime === "runc")
          refusePrivate(place.path, parseMounts(await readFile("/proc/self/mountinfo", "utf8")))
        return place
      }
      case "sandboxPath":
        return sandboxPlace(source.base, source.path, owner)
      case "persistent": {
        const hold: Hold = { kind: "persistent", path: source.path }
        return this.#things.run(holdKey(hold), async () => {
          // Who shares a volume must not lose it to the user of whoever comes later.
          const taken = source.shared && this.#books.takenBesides(containerId, hold)
          const place = await persistentPlace(source, taken ? undefined : owner)
          this.#books.noteTaken(containerId, hold)
          return place
        })
      }
      case "secret": {
        const bytes = await this.#bytes(source.secret, signal)
        const path = await this.#secretFiles.write(containerId, `${index}`, { bytes, owner })
        return { path, kind: "file" }
      }
      case "dockerVolume": {
        const volume = { ...source, driver: source.driver ?? DEFAULT_DRIVER }
        const hold: Hold = { kind: "docker", driver: volume.driver, name: volume.name }
        return this.#things.run(holdKey(hold), async () =>
          hostPlace(await this.#options.docker.take(volume, signal), []),
        )
      }
      case "csi":
        return this.#takeCsi(source.volume, { readOnly, signal })
      default:
        return source satisfies never
    }
  }

  async #takeCsi(
    volume: Parameters<CsiVolumes["take"]>[0],
    { readOnly, signal }: { readonly readOnly: boolean; readonly signal: AbortSignal },
  ): Promise<Place> {
    const { csi } = this.#options
    if (csi === undefined)
      throw new Error("it needs a CSI plugin, which --csi_plugin_config_dir of the agent describes")
    const provisioning = volume.staticProvisioning
    const stageSecrets = await this.#texts(provisioning?.nodeStageSecrets, signal)
    const publishSecrets = await this.#texts(provisioning?.nodePublishSecrets, signal)
    const [hold] = holdOf({ kind: "csi", volume })
    return this.#things.run(hold === undefined ? "" : holdKey(hold), () =>
      csi.take(volume, { readOnly, stageSecrets, publishSecrets, signal }),
    )
  }

  async #bytes(secret: Secret, signal: AbortSignal): Promise<Uint8Array> {
    const bytes = await secretBytes(secret, this.#options.secrets ?? noSecretStore, signal)
    if (!bytes.ok) throw new Error(bytes.error)
    return bytes.value
  }

  async #text(secret: Secret, signal: AbortSignal): Promise<string> {
    return new TextDecoder().decode(await this.#bytes(secret, signal))
  }

  async #texts(
    secrets: Readonly<Record<string, Secret>> | undefined,
    signal: AbortSignal,
  ): Promise<Readonly<Record<string, string>>> {
    const texts: Record<string, string> = {}
    for (const [name, secret] of Object.entries(secrets ?? {}))
      texts[name] = await this.#text(secret, signal)
    return texts
  }

  async #owner({ user }: ContainerSpec): Promise<Account | undefined> {
    if (user === undefined || process.getuid?.() !== 0) return undefined
    return this.#accounts.find(user)
  }

  #release(containerId: ContainerId, retryMs: number): Promise<void> {
    clearTimeout(this.#retries.get(containerId))
    this.#retries.delete(containerId)
    return this.#containers.run(containerId, async () => {
      await this.#secretFiles.remove(containerId)
      await this.#books.load()
      const taken = this.#books.of(containerId)
      if (taken === undefined) return
      const kept: Hold[] = []
      for (const hold of taken.holds) {
        const problem = await this.#giveBack(containerId, hold)
        if (problem === undefined) continue
        const fields = { container: containerId, cause: problem }
        this.#options.log.write("warn", "cannot let go of a volume", fields)
        // After a reboot nothing is mounted any more, whatever a plugin says about it.
        if (taken.boot === this.#options.bootId || hold.kind === "csi") kept.push(hold)
      }
      if (kept.length > 0) {
        if (kept.length < taken.holds.length)
          await this.#books.put(containerId, { ...taken, holds: kept })
        return this.#releaseLater(containerId, retryMs)
      }
      await this.#books.remove(containerId)
    })
  }

  /** Lets go of one thing unless others hold it; why it could not, if so. */
  #giveBack(containerId: ContainerId, hold: Hold): Promise<string | undefined> {
    const { signal } = this.#stop
    return this.#things.run(holdKey(hold), async () => {
      if (this.#books.heldBesides(containerId, hold)) return undefined
      try {
        if (hold.kind === "docker") await this.#options.docker.giveBack(hold, signal)
        if (hold.kind === "csi") await this.#options.csi?.giveBack(hold, signal)
        return undefined
      } catch (cause) {
        return errorText(cause)
      }
    })
  }

  #releaseLater(containerId: ContainerId, retryMs: number): void {
    if (this.#stop.signal.aborted || this.#own.has(containerId)) return
    const next = Math.min(retryMs * 2, RETRY_MAX_MS)
    const retry = (): void =>
      void this.#release(containerId, next).catch((cause: unknown) =>
        this.#options.log.write("warn", "cannot let go of the volumes of a container", {
          container: containerId,
          cause: errorText(cause),
        }),
      )
    this.#retries.set(containerId, setTimeout(retry, retryMs).unref())
  }
}

/** Runs work that says where it is, so that its failure can. */
async function inSteps<T>(
  signal: AbortSignal,
  work: (step: (at: string) => void) => Promise<T>,
): Promise<Result<T, VolumesFailure>> {
  let at = ""
  try {
    return ok(await work((next) => (at = next)))
  } catch (cause) {
    const why = signal.aborted ? "the launch was given up" : errorText(cause)
    return err({ message: `${at} cannot be made ready: ${why}` })
  }
}

/** What a volume takes that must be given back, or that others must know is in use. */
function holdOf(source: VolumeOrder["source"]): readonly Hold[] {
  switch (source.kind) {
    case "persistent":
      return [{ kind: "persistent", path: source.path }]
    case "dockerVolume":
      return [{ kind: "docker", driver: source.driver ?? DEFAULT_DRIVER, name: source.name }]
    case "csi": {
      const volumeId = source.volume.staticProvisioning?.volumeId ?? ""
      return [{ kind: "csi", plugin: source.volume.pluginName, volumeId }]
    }
    case "hostPath":
    case "sandboxPath":
    case "secret":
      return []
    default:
      return source satisfies never
  }
}
