import { statfs } from "node:fs/promises"
import { errorText } from "#lib/io/host/files.ts"
import { bootId } from "#lib/io/host/proc.ts"
import type {
  ImageFailure,
  ImageRequest,
  ImageRoot,
  ImageStore,
  ImagesPruned,
  Log,
} from "#lib/ports/index.ts"
import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"
import { chooseRemoval } from "./core/collect.ts"
import type { ImageGcConfig } from "./core/gc-config.ts"
import { formatReference, parseReference } from "./core/reference.ts"
import type { DefaultRegistry, ImageReference } from "./core/reference.ts"
import { findCredentials } from "./docker-config.ts"
import { ImageProblem, failureOf } from "./problem.ts"
import { Puller, stampOf } from "./puller.ts"
import { Certificates } from "./registry/certificates.ts"
import { DEFAULT_ANSWER_MS, DEFAULT_CERTIFICATES, DEFAULT_STALL_MS } from "./registry/defaults.ts"
import { RegistryClient } from "./registry/registry-client.ts"
import { ImageRecords } from "./store/image-records.ts"
import type { ImageRecord } from "./store/image-records.ts"
import { LayerStore } from "./store/layer-store.ts"
import { placeOf } from "./source.ts"

/** What the store is given. */
export type DiskImageStoreOptions = {
  /** Where everything lies, absolute; for one agent alone. */
  readonly directory: string
  /** The command that unpacks one layer: `dcos unpack-layer`, whose arguments are added. */
  readonly unpacker: readonly string[]
  /** Where names without a registry lead to; Docker's own by default. */
  readonly registry?: DefaultRegistry | undefined
  /** "host[:port]" of registries that speak plain http; those on loopback may in any case. */
  readonly plainRegistries?: readonly string[] | undefined
  /** Has a directory for each `host[:port]` with certificates of its own, in Docker's layout. */
  readonly certificates?: string | undefined
  /** The agent's credentials: the text of a Docker config.json, or its absolute path. */
  readonly dockerConfig?: string | undefined
  /** Without it, images go only when they are pruned. */
  readonly gc?: ImageGcConfig | undefined
  /** A server that has not begun to answer by then never will. */
  readonly answerMs?: number | undefined
  /** Without a byte for this long a connection is taken for dead. */
  readonly stallMs?: number | undefined
  readonly log?: Log | undefined
}

/** The images of an agent, pulled from registries and unpacked for overlayfs. */
export class DiskImageStore implements ImageStore {
  readonly #options: DiskImageStoreOptions
  readonly #layers: LayerStore
  readonly #records: ImageRecords
  readonly #puller: Puller
  #opened: Promise<void> | undefined
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(options: DiskImageStoreOptions) {
    this.#options = options
    const { directory, answerMs = DEFAULT_ANSWER_MS, stallMs = DEFAULT_STALL_MS } = options
    this.#layers = new LayerStore({ directory, bootId: bootId() })
    this.#records = new ImageRecords(`${directory}/images`)
    const client = new RegistryClient({
      certificates: new Certificates(options.certificates ?? DEFAULT_CERTIFICATES),
      plain: options.plainRegistries ?? [],
      answerMs,
      stallMs,
    })
    const { unpacker, log } = options
    const store = { directory, layers: this.#layers, records: this.#records }
    this.#puller = new Puller({ ...store, client, unpacker, log })
  }

  async pull(request: ImageRequest, signal: AbortSignal): Promise<Result<ImageRoot, ImageFailure>> {
    const parsed = parseReference(request.reference, this.#options.registry)
    if (!parsed.ok) return err({ code: "badReference", message: parsed.error })
    const place = await placeOf(parsed.value)
    const reference = formatReference(place)
    try {
      await this.#open()
      const known = request.cached ? await this.#known(request, place) : undefined
      const record = known ?? (await this.#fresh(request, place, signal))
      this.#layers.hold(request.holder, record.layers)
      await this.#records.touch(reference)
      return ok(await this.#root(record))
    } catch (cause) {
      return err(failureOf(cause, { reference, store: this.#options.directory, signal }))
    }
  }

  hold(holder: string, layers: readonly string[]): void {
    this.#layers.hold(holder, layers)
  }

  release(holder: string): void {
    this.#layers.release(holder)
  }

  async prune(excluded: readonly string[]): Promise<ImagesPruned> {
    await this.#open()
    return this.#remove([...excluded, ...(this.#options.gc?.excluded ?? [])], undefined)
  }

  /**
   * Looks at the disk from time to time from now on, and removes what is not used when it fills up. For
   * when all holders of the agent's earlier life are known again.
   */
  startCollecting(): void {
    const { gc, log } = this.#options
    if (gc === undefined) return
    this.#timer = setTimeout(() => {
      this.collect()
        .catch((cause: unknown) =>
          log?.write("warn", `unused images could not be removed: ${errorText(cause)}`),
        )
        .finally(() => {
          if (this.#timer !== undefined) this.startCollecting()
        })
    }, gc.intervalMs)
    this.#timer.unref()
  }

  /** Removes the images that were not used for longest until the disk has its headroom again. */
  async collect(): Promise<ImagesPruned> {
    await this.#open()
    const { gc, directory, log } = this.#options
    const disk = await statfs(directory)
    const wanted = Math.ceil(disk.blocks * (gc?.headroom ?? 0)) - disk.bavail
    if (gc === undefined || wanted <= 0) return { images: [], bytes: 0 }
    const removed = await this.#remove(gc.excluded, wanted * disk.bsize)
    if (removed.images.length > 0)
      log?.write(
        "info",
        `removed unused images, as the disk fills up: ${removed.images.join(", ")}`,
      )
    return removed
  }

  /** Stops looking at the disk. */
  close(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #open(): Promise<void> {
    if (process.getuid?.() !== 0)
      return Promise.reject(
        new ImageProblem(
          "unable",
          "only an agent that runs as root can unpack images: start it as root",
        ),
      )
    // Tried again by the next request: a disk that was full may have room by then.
    this.#opened ??= this.#load().catch((cause: unknown) => {
      this.#opened = undefined
      throw cause
    })
    return this.#opened
  }

  async #load(): Promise<void> {
    await this.#layers.open()
    await this.#records.open()
  }

  /** The record of an image that is here as a whole. */
  async #known(
    { holder }: ImageRequest,
    reference: ImageReference,
  ): Promise<ImageRecord | undefined> {
    const record = this.#records.find(formatReference(reference))
    if (record === undefined) return undefined
    // Held before they are looked for: none may go meanwhile.
    this.#layers.hold(holder, record.layers)
    if (record.stamp !== (await stampOf(reference))) return undefined
    const layers = await Promise.all(record.layers.map((id) => this.#layers.find(id)))
    return layers.includes(undefined) ? undefined : record
  }

  async #root(record: ImageRecord): Promise<ImageRoot> {
    const layers = []
    for (const id of record.layers) {
      const layer = await this.#layers.find(id)
      if (layer === undefined) throw new Error(`the layer ${id} has vanished`)
      layers.push({ id, path: layer.path })
    }
    const { reference, digest, config } = record
    return { reference, digest, config, layers }
  }

  async #fresh(
    request: ImageRequest,
    reference: ImageReference,
    signal: AbortSignal,
  ): Promise<ImageRecord> {
    const configs = { task: request.credentials, agent: this.#options.dockerConfig }
    const credentials =
      reference.kind === "file" ? undefined : await findCredentials(reference.registry, configs)
    return this.#puller.pull(reference, credentials, request.holder, signal)
  }

  async #remove(
    excluded: readonly string[],
    bytesWanted: number | undefined,
  ): Promise<ImagesPruned> {
    const names = excluded.flatMap((name) => {
      const parsed = parseReference(name, this.#options.registry)
      return parsed.ok ? [formatReference(parsed.value)] : []
    })
    const removal = chooseRemoval({
      images: this.#records.byLastUse(),
      layers: new Map(this.#layers.all().map(({ id, bytes }) => [id, bytes])),
      held: this.#layers.held(),
      excluded: new Set(names),
      bytesWanted,
    })
    // All at once: whoever asks for an image from now on finds it gone, and brings it anew.
    const records = Promise.all(removal.images.map((image) => this.#records.remove(image)))
    const [bytes] = await Promise.all([this.#layers.remove(removal.layers), records])
    return { images: removal.images, bytes }
  }
}
