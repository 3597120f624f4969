import type { ContainerInspectInfo } from "dockerode"

/** Containers that have ended and are kept for a while, for people to look at. */
export class LateRemovals {
  readonly #delayMs: number
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>()

  constructor(delayMs: number) {
    this.#delayMs = delayMs
  }

  /**
   * Has a container removed once it has been over for the delay; false where that is the case already, or
   * it is not one that ended by itself.
   */
  postpone(inspected: ContainerInspectInfo | undefined, remove: (id: string) => void): boolean {
    if (this.#delayMs === 0 || inspected?.State.Status !== "exited") return false
    const { Id: id, State } = inspected
    const left = Date.parse(State.FinishedAt) + this.#delayMs - Date.now()
    if (!(left > 0)) return false
    clearTimeout(this.#timers.get(id))
    const timer = setTimeout(
      () => {
        this.#timers.delete(id)
        remove(id)
      },
      // A longer one would fire at once; whoever asks again later gets the rest.
      Math.min(left, 2 ** 31 - 1),
    )
    timer.unref()
    this.#timers.set(id, timer)
    return true
  }

  /** Forgets all plans: the next life makes its own. */
  stop(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer)
    this.#timers.clear()
  }
}
