import { ImageDownload } from "#lib/io/images/index.ts"
import type { ImageDownloadOptions } from "#lib/io/images/index.ts"
import type { FetchPlugin, LoadRequest } from "./plugin.ts"

/** Brings the image of a docker:// URI as one file, a tar archive with an OCI layout. */
export class DockerImages implements FetchPlugin {
  readonly schemes = ["docker"]
  readonly #images: ImageDownload

  constructor(options: ImageDownloadOptions) {
    this.#images = new ImageDownload(options)
  }

  load({ uri, path, signal, claim }: LoadRequest): Promise<void> {
    const reference = uri.slice("docker://".length)
    return this.#images.save({ reference, path, signal, claim })
  }
}
