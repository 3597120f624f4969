import { lstatSync, readFileSync, statSync } from "node:fs"
import { mkdir, readdir, rm, symlink } from "node:fs/promises"
import { dirname, normalize } from "node:path"
import type {
  ContainerFailure,
  ContainerId,
  ContainerSpec,
  ImageRoot,
  ImageStore,
} from "#lib/ports/index.ts"
import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"
import { ifExists } from "#lib/io/host/files.ts"
import type { ContainerRoot } from "./mounts.ts"
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
    const config = image.docker.config?.value?.data
    const pulled = await this.#images.pull(
      {
        holder: spec.containerId,
        reference: image.docker.name,
        cached: image.cached ?? true,
        ...(config === undefined ? {} : { credentials: config }),
      },
      signal,
    )
    if (!pulled.ok) return failure(pulled.error.message)
    return ok(await this.#mountable(spec.containerId, pulled.value, bundle))
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
        // runc mounts with the bundle's `rootfs` as its working directory.
        layers: paths.map((path) =>
          path.startsWith(`${all}/`) ? `../${LAYERS_LINK}${path.slice(all.length)}` : path,
        ),
        upper: `${place}/upper`,
        work: `${place}/work`,
        volumes: await ownVolumes(`${place}/volumes`, image.config.volumes, paths),
      },
      layers: image.layers.map(({ id }) => id),
      accounts: { passwd: accountFile(paths, "passwd"), group: accountFile(paths, "group") },
    }
  }
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
