import { lstatSync, readFileSync, readlinkSync, statSync } from "node:fs"
import { mkdir, readdir, rm, symlink } from "node:fs/promises"
import { dirname, normalize } from "node:path"
import type {
  ContainerFailure,
  ContainerId,
  ContainerSpec,
  ImageRoot,
  ImageStore,
} from "#lib/ports/index.ts"
import type { Volume } from "#lib/mesos/index.ts"
import { must } from "#lib/std/assert.ts"
import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"
import { ifExists } from "#lib/io/host/files.ts"
import type { ContainerRoot, ImageVolume } from "./mounts.ts"
import type { AccountFiles } from "./users.ts"

/** Under this name a bundle finds the directory of all layers: a mount has room for few long paths. */
const LAYERS_LINK = "layers"

/** Larger account files than this are not an image's own. */
const ACCOUNT_FILE_BYTES_MAX = 1024 * 1024

/** The root of a container, and what of it must be kept or looked up. */
export type PreparedRoot = {
  readonly root: ContainerRoot
  /** Digests of its layers, none for the machine's own root. */
  readonly layers: readonly string[]
  /** Its accounts; those of the machine are found otherwise. */
  readonly accounts: AccountFiles | undefined
}

const HOST_ROOT: PreparedRoot = { root: { kind: "host" }, layers: [], accounts: undefined }

/** Prepares the file systems of containers with images: `<directory>/<container>/{upper,work,volumes}`. */
export class ContainerRoots {
  readonly #directory: string
  readonly #images: ImageStore | undefined

  constructor(directory: string, images: ImageStore | undefined) {
    this.#directory = directory
    this.#images = images
  }

  /** Pulls the image of a container, if it has one, and makes its writable layer. */
  async prepare(
    spec: ContainerSpec,
    bundle: string,
    signal: AbortSignal,
  ): Promise<Result<PreparedRoot, ContainerFailure>> {
    const image = spec.task.container?.mesos?.image
    if (image === undefined) return ok(HOST_ROOT)
    if (image.docker === undefined) return failure("only images of type DOCKER can be run")
    if (this.#images === undefined) return failure("this agent has no store of images")
    const all: ImageRoot[] = []
    const volumes = (spec.task.container?.volumes ?? []).filter((volume) => volume.image)
    for (const each of [image, ...volumes.map((volume) => volume.image)]) {
      if (each?.docker === undefined) return failure("only images of type DOCKER can be mounted")
      const config = each.docker.config?.value?.data
      const pulled = await this.#images.pull(
        {
          holder: spec.containerId,
          reference: each.docker.name,
          cached: each.cached ?? true,
          ...(config === undefined ? {} : { credentials: config }),
        },
        signal,
      )
      if (!pulled.ok) return failure(pulled.error.message)
      all.push(pulled.value)
    }
    const [own, ...others] = all
    const prepared = await this.#mountable(spec.containerId, must(own, "it was pulled"), bundle)
    return ok(
      await this.#withImages(spec.containerId, prepared, { volumes, images: others, bundle }),
    )
  }

  /** Holds the layers of a container of an earlier life of the agent. */
  hold(containerId: ContainerId, layers: readonly string[]): void {
    if (layers.length > 0) this.#images?.hold(containerId, layers)
  }

  /** Removes what a container wrote outside of its sandbox, and lets its image go. */
  async remove(containerId: ContainerId): Promise<void> {
    await rm(`${this.#directory}/${containerId}`, { recursive: true, force: true })
    this.#images?.release(containerId)
  }

  /** The containers that have a writable layer. */
  async list(): Promise<readonly ContainerId[]> {
    return ((await ifExists(readdir(this.#directory))) ?? []) as ContainerId[]
  }

  /** Adds the volumes that are images, each with a writable layer of its own. */
  async #withImages(
    containerId: ContainerId,
    prepared: PreparedRoot,
    {
      volumes,
      images,
      bundle,
    }: {
      readonly volumes: readonly Volume[]
      readonly images: readonly ImageRoot[]
      readonly bundle: string
    },
  ): Promise<PreparedRoot> {
    const { root } = prepared
    if (root.kind !== "image" || volumes.length === 0) return prepared
    const made = await Promise.all(
      images.map(async ({ layers }, index): Promise<ImageVolume> => {
        const place = `${this.#directory}/${containerId}/images/${index}`
        await mkdir(place, { recursive: true, mode: 0o700 })
        const paths = layers.map(({ path }) => path).toReversed()
        const [top = place] = paths
        await mkdir(`${place}/upper`, { recursive: true, mode: statSync(top).mode & 0o7777 })
        await mkdir(`${place}/work`, { recursive: true, mode: 0o700 })
        return {
          target: volumes[index]?.containerPath ?? "",
          readOnly: volumes[index]?.mode !== "RW",
          layers: lowerNames(paths, readlinkSync(`${bundle}/${LAYERS_LINK}`)),
          upper: `${place}/upper`,
          work: `${place}/work`,
        }
      }),
    )
    const held = images.flatMap(({ layers }) => layers.map(({ id }) => id))
    const all = [...new Set([...prepared.layers, ...held])]
    return { ...prepared, root: { ...root, images: made }, layers: all }
  }

  async #mountable(
    containerId: ContainerId,
    image: ImageRoot,
    bundle: string,
  ): Promise<PreparedRoot> {
    const place = `${this.#directory}/${containerId}`
    const paths = image.layers.map(({ path }) => path).toReversed()
    // The container sees the mode of the uppermost directory as that of its root.
    const mode = paths[0] === undefined ? 0o755 : statSync(paths[0]).mode & 0o7777
    await mkdir(this.#directory, { recursive: true, mode: 0o700 })
    await mkdir(`${place}/upper`, { recursive: true, mode })
    await mkdir(`${place}/work`, { recursive: true, mode: 0o700 })
    const all = paths[0] === undefined ? place : dirname(dirname(paths[0]))
    await symlink(all, `${bundle}/${LAYERS_LINK}`)
    return {
      root: {
        kind: "image",
        config: image.config,
        layers: lowerNames(paths, all),
        upper: `${place}/upper`,
        work: `${place}/work`,
        volumes: await ownVolumes(`${place}/volumes`, image.config.volumes, paths),
      },
      layers: image.layers.map(({ id }) => id),
      accounts: { passwd: accountFile(paths, "passwd"), group: accountFile(paths, "group") },
    }
  }
}

/** The layers of an image, the uppermost first, as runc finds them: it mounts from the bundle's `rootfs`. */
function lowerNames(paths: readonly string[], all: string): readonly string[] {
  return paths.map((path) =>
    path.startsWith(`${all}/`) ? `../${LAYERS_LINK}${path.slice(all.length)}` : path,
  )
}

/**
 * Makes a directory for each volume of an image that none of its layers has: Docker would make it too.
 * What a layer has is there already, and is the container's own as everything that it writes.
 */
async function ownVolumes(directory: string, wanted: readonly string[], layers: readonly string[]) {
  const missing = wanted.filter(
    (path) =>
      path.startsWith("/") && normalize(path) === path && !layers.some((layer) => has(layer, path)),
  )
  const volumes = missing.map((target, index) => ({ source: `${directory}/${index}`, target }))
  for (const { source } of volumes) await mkdir(source, { recursive: true, mode: 0o755 })
  return volumes
}

/** Whether a layer says anything about a path: a link in it leads we do not know where. */
function has(layer: string, path: string): boolean {
  let place = layer
  for (const name of path.split("/").filter(Boolean)) {
    place = `${place}/${name}`
    const stat = lstatSync(place, { throwIfNoEntry: false })
    if (stat === undefined) return false
    if (!stat.isDirectory()) return true
  }
  return true
}

/** A file of an image's /etc; a link is not followed, since it would lead into the machine. */
function accountFile(layers: readonly string[], name: string): string {
  for (const layer of layers) {
    const stat = lstatSync(`${layer}/etc/${name}`, { throwIfNoEntry: false })
    const etc = lstatSync(`${layer}/etc`, { throwIfNoEntry: false })
    if (stat === undefined || etc?.isDirectory() !== true) continue
    if (!stat.isFile() || stat.size > ACCOUNT_FILE_BYTES_MAX) return ""
    return readFileSync(`${layer}/etc/${name}`, "utf8")
  }
  return ""
}

const failure = (message: string): Result<never, ContainerFailure> =>
  err({ reason: "REASON_CONTAINER_LAUNCH_FAILED", message })
