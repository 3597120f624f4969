import { watch } from "node:fs"
import type { FSWatcher } from "node:fs"
import type { ContainerId } from "#lib/ports/index.ts"

/** How often what has no other witness is looked at; a killed supervisor is noticed this late. */
const POLL_MS = 2000

/** What the watch needs to know and to tell. */
export type EndedWatchOptions = {
  /** The directory in which a file named after the container appears when it has ended. */
  readonly directory: string
  /** The container may have ended. */
  readonly onHint: (containerId: ContainerId) => void
  /** Calls for a look at every container that is not a child of this process. */
  readonly onPoll: () => void
}

/**
 * Hears of ends of containers that are not children of this process: one inotify watch for all of
 * them, and a slow poll in case a supervisor was killed or an event was lost.
 */
export class EndedWatch {
  readonly #options: EndedWatchOptions
  #watcher: FSWatcher | undefined
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(options: EndedWatchOptions) {
    this.#options = options
  }

  /** Begins; harmless when repeated. Without inotify (its limits are reached) only the poll works. */
  start(): void {
    if (this.#timer !== undefined) return
    try {
      this.#watcher = watch(this.#options.directory, { persistent: false }, (_event, name) => {
        if (typeof name === "string") this.#options.onHint(name as ContainerId)
      })
      this.#watcher.on("error", () => this.#watcher?.close())
    } catch {
      this.#watcher = undefined
    }
    this.#arm()
  }

  /** Stops both. */
  stop(): void {
    this.#watcher?.close()
    clearTimeout(this.#timer)
    this.#watcher = undefined
    this.#timer = undefined
  }

  #arm(): void {
    this.#timer = setTimeout(() => {
      this.#options.onPoll()
      if (this.#timer !== undefined) this.#arm()
    }, POLL_MS)
    this.#timer.unref()
  }
}
