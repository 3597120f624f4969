import { existsSync, readFileSync, readdirSync } from "node:fs"
import { getCACertificates } from "node:tls"

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
    // Bun's own list goes with the executable; that of the system is where operators add theirs.
    this.#system ??= [...new Set([...getCACertificates("default"), ...getCACertificates("system")])]
    const place = `${this.#directory}/${host}`
    const names = existsSync(place) ? readdirSync(place).sort() : []
    const read = (ending: string): string[] =>
      names
        .filter((name) => name.endsWith(ending))
        .map((name) => readFileSync(`${place}/${name}`, "utf8"))
    const [cert] = read(".cert")
    const [key] = read(".key")
    return {
      ca: [...this.#system, ...read(".crt")],
      ...(cert === undefined || key === undefined ? {} : { cert, key }),
    }
  }
}
