/** What a plugin is asked to bring. */
export type LoadRequest = {
  /** The URI without its checksum; its scheme is one of the plugin's. */
  readonly uri: string
  /** A file that does not exist yet, in a directory that does. */
  readonly path: string
  /** The start of a command line that runs as the task's user. */
  readonly asUser: readonly string[]
  readonly signal: AbortSignal
  /** Called with how many bytes there are or will be, as soon as that is known; throws when they do not fit. */
  readonly claim: (bytes: number) => void
}

/** Brings the files of some URI schemes to this machine. */
export interface FetchPlugin {
  /** Lower case; "" stands for plain paths. */
  readonly schemes: readonly string[]
  /** Writes the file. Fails with a text that says why; a file cut short may be left behind. */
  load(request: LoadRequest): Promise<void>
}

/** A failure that a second try may not meet: a broken connection, a server that is busy. */
export class Transient extends Error {
  override readonly name = "Transient"
}
