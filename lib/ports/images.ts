import type { Result } from "#lib/std/result.ts"

/** An image to have at hand, and who will use it. */
export type ImageRequest = {
  /** Who uses it: a container id, as a rule. Its layers stay until this holder is released. */
  readonly holder: string
  /**
   * The name of a Docker image ("busybox", "host:5000/team/web:2", "web@sha256:…"), or the place of an
   * OCI layout or of a `docker save` archive: an absolute path or a file:// URL, with "#tag" where
   * there are several images in it.
   */
  readonly reference: string
  /** False asks the registry again even when the image is there. */
  readonly cached: boolean
  /** The text of a Docker config.json with the task's own credentials; they go before the agent's. */
  readonly credentials?: string | undefined
}

/** One unpacked layer. */
export type ImageLayer = {
  /** The digest of its unpacked tar ("sha256:…"): what a container's record keeps, for `hold`. */
  readonly id: string
  /**
   * A directory, absolute, in overlayfs' own form: whiteouts are devices, opaque directories carry
   * `trusted.overlay.opaque`. Never to be written to. The layers of a store are all found at
   * `<one directory>/<short name>/fs`, so a mount from there can name a hundred of them.
   */
  readonly path: string
}

/** What the maker of an image asks for. Absent and empty are the same. */
export type ImageConfig = {
  readonly entrypoint: readonly string[]
  readonly command: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  /** "user", "uid", "user:group" or "uid:gid", as the image's own /etc/passwd has them. */
  readonly user: string | undefined
  readonly workingDirectory: string | undefined
  /** Paths in the container that the image wants to be volumes. */
  readonly volumes: readonly string[]
  /** "SIGTERM" or "15", say. */
  readonly stopSignal: string | undefined
  readonly labels: Readonly<Record<string, string>>
}

/** An image that is ready to be mounted. */
export type ImageRoot = {
  /** The request's reference in full: "docker.io/library/busybox:latest". */
  readonly reference: string
  /** The digest of its manifest. */
  readonly digest: string
  readonly config: ImageConfig
  /** The lowest first. */
  readonly layers: readonly ImageLayer[]
}

/** Why there is no image. */
export type ImageFailure = {
  readonly code:
    | "badReference"
    /** The registry, or the path, does not have it. */
    | "notFound"
    /** The registry wants other credentials. */
    | "unauthorized"
    /** What came is not what its digest or size says. */
    | "corrupt"
    /** A kind of manifest, layer or platform that cannot be used. */
    | "unsupported"
    /** A layer that would write outside its directory, or is no tar archive. */
    | "badLayer"
    | "unreachable"
    | "diskFull"
    /** This agent cannot unpack images: it does not run as root, for example. */
    | "unable"
    | "cancelled"
  /** For people: names image, registry, status and what to do. */
  readonly message: string
}

/** What a prune took away. */
export type ImagesPruned = {
  /** References of the images that were removed. */
  readonly images: readonly string[]
  /** Bytes that became free, as far as known. */
  readonly bytes: number
}

/**
 * The images of a machine. A layer is there as a whole or not at all, and is shared by all images
 * that have it. What a holder uses is never removed; holders do not outlive the process, so `hold`
 * names them again when the agent starts, before anything is pruned.
 */
export interface ImageStore {
  /**
   * Brings the image here, unless it is, and holds it for the request's holder. Requests for the
   * same image or layer at the same time share the work, which ends when all of them are aborted.
   */
  pull(request: ImageRequest, signal: AbortSignal): Promise<Result<ImageRoot, ImageFailure>>
  /** Holds layers that a container of an earlier life of the agent uses. Unknown ids are harmless. */
  hold(holder: string, layers: readonly string[]): void
  /** Forgets a holder and all that it holds. Harmless when repeated. */
  release(holder: string): void
  /** Removes the images that nobody holds, but for those excluded by name. */
  prune(excluded: readonly string[]): Promise<ImagesPruned>
}
