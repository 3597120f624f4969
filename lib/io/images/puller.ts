import { rm, stat, statfs } from "node:fs/promises"
import { availableParallelism } from "node:os"
import { errorText, ifExists } from "#lib/io/host/files.ts"
import type { Log } from "#lib/ports/index.ts"
import type { Credentials } from "./core/credentials.ts"
import type { Platform } from "./core/manifest.ts"
import { formatReference } from "./core/reference.ts"
import type { ImageReference } from "./core/reference.ts"
import { Gate } from "./gate.ts"
import { ImageProblem, fullDisk } from "./problem.ts"
import type { RegistryClient } from "./registry/registry-client.ts"
import { SharedWork } from "./shared-work.ts"
import { expectUnpacked, findInFile, findInRegistry, thisPlatform } from "./source.ts"
import type { FoundImage } from "./source.ts"
import type { ImageRecord, ImageRecords } from "./store/image-records.ts"
import type { LayerStore } from "./store/layer-store.ts"
import { unpackInProcess } from "./unpack/unpack-process.ts"

/** What pulls need. */
export type PullerOptions = {
  readonly directory: string
  readonly layers: LayerStore
  readonly records: ImageRecords
  readonly client: RegistryClient
  /** The command that unpacks one layer: `dcos unpack-layer`, whose arguments are added. */
  readonly unpacker: readonly string[]
  readonly log: Log | undefined
}

/**
 * Layers that are downloaded at once, over all images: as many as Docker does. With more the first would
 * come later, and nothing could be unpacked meanwhile.
 */
const DOWNLOADS_MAX = 3

/** More processes than processors only wait for each other; few disks are faster than four of them. */
const UNPACKS_MAX = Math.min(4, availableParallelism())

/** Brings images into the store: what several ask for at once is done once. */
export class Puller {
  readonly #options: PullerOptions
  readonly #pulls = new SharedWork<ImageRecord>()
  readonly #layerWork = new SharedWork<void>()
  readonly #downloads = new Gate(DOWNLOADS_MAX)
  readonly #unpacks = new Gate(UNPACKS_MAX)
  #leases = 0

  constructor(options: PullerOptions) {
    this.#options = options
  }

  /** Brings an image here for a holder, whatever is here already; it holds the layers from then on. */
  async pull(
    reference: ImageReference,
    credentials: Credentials | undefined,
    holder: string,
    signal: AbortSignal,
  ): Promise<ImageRecord> {
    // Who has other credentials may be told something else.
    const key = `${formatReference(reference)} ${JSON.stringify(credentials ?? null)}`
    const bring = (shared: AbortSignal): Promise<ImageRecord> =>
      this.#bring(reference, credentials, shared)
    return this.#pulls.run(key, bring, signal, ({ layers }) =>
      this.#options.layers.hold(holder, layers),
    )
  }

  async #bring(
    reference: ImageReference,
    credentials: Credentials | undefined,
    signal: AbortSignal,
  ): Promise<ImageRecord> {
    const { layers: store, records } = this.#options
    const lease = `pull ${this.#leases++}`
    const stamp = await stampOf(reference)
    const found = await this.#find(reference, credentials, signal)
    try {
      const ids = found.description.layers
      checkFit(found, this.#platform)
      store.hold(lease, ids)
      await this.#bringLayers(found, signal)
      const { digest, description } = found
      const name = formatReference(reference)
      const layers = ids.filter((id, at) => ids.lastIndexOf(id) === at)
      const record = { reference: name, digest, config: description.config, layers, stamp }
      await records.save(record)
      this.#settle(layers)
      return record
    } finally {
      await found.close()
      // Until all who waited hold the layers themselves, or have left.
      const release = (): void => store.release(lease)
      if (signal.aborted) release()
      else signal.addEventListener("abort", release, { once: true })
    }
  }

  async #find(
    reference: ImageReference,
    credentials: Credentials | undefined,
    signal: AbortSignal,
  ): Promise<FoundImage> {
    const platform = this.#platform
    if (reference.kind === "file")
      return findInFile(reference, {
        staging: this.#options.layers.staging,
        platform,
        unpack: (blob, directory) => this.#unpack(blob, directory, signal),
      })
    const { registry, repository, tag = "latest", digest } = reference
    const name = digest === undefined ? { tag } : { digest }
    return findInRegistry(
      this.#options.client,
      { registry, repository, credentials },
      { name, platform, signal },
    )
  }

  /** All layers at once, as far as the gates let them; the first that fails ends the others. */
  async #bringLayers(found: FoundImage, signal: AbortSignal): Promise<void> {
    await this.#expectRoom(found)
    const abort = new AbortController()
    const both = AbortSignal.any([signal, abort.signal])
    const ids = found.description.layers
    const works = ids.map(async (id, index) => {
      // A layer that an image has twice is one layer; only the upper one can be seen.
      if (ids.lastIndexOf(id) === index) await this.#bringLayer(found, index, id, both)
    })
    try {
      await Promise.all(works)
    } catch (cause) {
      abort.abort()
      await Promise.allSettled(works)
      throw cause
    }
  }

  async #expectRoom(found: FoundImage): Promise<void> {
    let bytes = 0
    for (const [index, id] of found.description.layers.entries())
      if ((await this.#options.layers.find(id)) === undefined) bytes += found.sizes[index] ?? 0
    const disk = await statfs(this.#options.directory)
    const free = disk.bavail * disk.bsize
    if (free >= bytes) return
    const mib = (size: number): number => Math.ceil(size / (1024 * 1024))
    throw new ImageProblem(
      "diskFull",
      `it needs more than ${mib(bytes)} MiB, ${mib(free)} MiB are free; ${fullDisk(this.#options.directory)}`,
    )
  }

  /** Brings one layer, unless it is here. When others' work on it fails, it is tried on our own. */
  async #bringLayer(
    found: FoundImage,
    index: number,
    id: string,
    signal: AbortSignal,
  ): Promise<void> {
    for (;;) {
      if ((await this.#options.layers.find(id)) !== undefined) return
      const isJoined = this.#layerWork.isRunning(id)
      try {
        await this.#layerWork.run(id, (shared) => this.#makeLayer(found, index, id, shared), signal)
        return
      } catch (cause) {
        if (!isJoined || signal.aborted) throw cause
      }
    }
  }

  async #makeLayer(
    found: FoundImage,
    index: number,
    id: string,
    signal: AbortSignal,
  ): Promise<void> {
    const staging = await this.#options.layers.stage()
    try {
      const blob = `${staging.path}/blob`
      const file = await this.#downloads.run(() => found.fetchLayer(index, blob, signal), signal)
      const report = await this.#unpack(file, staging.root, signal)
      const { sha256, bytes } = expectUnpacked(report, `its layer ${id}`)
      if (`sha256:${sha256}` !== id)
        throw new ImageProblem("corrupt", `the content of its layer ${id} is sha256:${sha256}`)
      if (file === blob) await rm(blob)
      await this.#options.layers.adopt(staging, { id, bytes })
    } finally {
      await this.#options.layers.clear(staging)
    }
  }

  #unpack(blob: string, directory: string, signal: AbortSignal) {
    const command = this.#options.unpacker
    return this.#unpacks.run(() => unpackInProcess({ command, blob, directory, signal }), signal)
  }

  /** Has the disk write what was unpacked, behind the container's back. */
  #settle(layers: readonly string[]): void {
    const sync = Bun.which("sync")
    if (sync === null) return
    const child = Bun.spawn([sync, "-f", this.#options.directory], {
      stdio: ["ignore", "ignore", "ignore"],
    })
    child.unref()
    child.exited
      .then((code) => (code === 0 ? this.#options.layers.markDurable(layers) : undefined))
      .catch((cause: unknown) =>
        this.#options.log?.write("warn", `layers may be lost in a power cut: ${errorText(cause)}`),
      )
  }

  get #platform(): Platform {
    return thisPlatform()
  }
}

/** Changes when the file behind a reference does. */
export async function stampOf(reference: ImageReference): Promise<string> {
  if (reference.kind !== "file") return ""
  const layout = await ifExists(stat(`${reference.path}/index.json`))
  const stats = layout ?? (await ifExists(stat(reference.path)))
  return stats === undefined ? "" : `${stats.ino} ${stats.size} ${stats.mtimeMs}`
}

/** Refuses an image that would not start on this machine. */
function checkFit({ description, sizes }: FoundImage, platform: Platform): void {
  const { os, architecture, layers } = description
  if (layers.length === 0)
    throw new ImageProblem("unsupported", "it has no layers, and so nothing that could run")
  if (layers.length !== sizes.length)
    throw new ImageProblem("corrupt", "its manifest and its configuration differ in their layers")
  if (
    (os !== "" && os !== platform.os) ||
    (architecture !== "" && architecture !== platform.architecture)
  )
    throw new ImageProblem(
      "unsupported",
      `it is made for ${os}/${architecture}, this agent is ${platform.os}/${platform.architecture}`,
    )
}
