import { existsSync, readFileSync, readdirSync } from "node:fs"
import { trustedAuthorities } from "#lib/io/host/authorities.ts"

/** What a connection to a host must show and may trust. */
export type HostTls = {
  readonly ca: string[]
  readonly cert?: string
  readonly key?: string
}

/**
 * The certificates for registries: those of the system, and for `host[:port]` what lies in a directory
 * of that name, in Docker's layout: authorities in `*.crt`, our own certificate in `*.cert` with its
 * `*.key`. Source: Docker's documentation: registry certificates.
 */
export class Certificates {
  readonly #directory: string
  #system: string[] | undefined

  constructor(directory: string) {
    this.#directory = directory
  }

  /** Read anew for each pull, so that a certificate is changed without a restart. */
  of(host: string): HostTls {
    this.#system ??= trustedAuthorities()
    // A URL never has the port 443 in it, the name of an image may.
    const places = /:\d+$/.test(host) ? [host] : [host, `${host}:443`]
    const files = places.flatMap((place) => filesOf(`${this.#directory}/${place}`))
    const read = (ending: string): string[] =>
      files.filter((file) => file.endsWith(ending)).map((file) => readFileSync(file, "utf8"))
    const [cert] = read(".cert")
    const [key] = read(".key")
    return {
      ca: [...this.#system, ...read(".crt")],
      ...(cert === undefined || key === undefined ? {} : { cert, key }),
    }
  }
}

/** The paths of what lies in a directory, in the order of their names; none where there is none. */
const filesOf = (directory: string): readonly string[] =>
  existsSync(directory)
    ? readdirSync(directory)
        .toSorted()
        .map((name) => `${directory}/${name}`)
    : []
