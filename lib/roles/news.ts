/** A text that was told is told again only after this long. */
const REPEAT_AFTER_MS = 60_000

/** Tells a text that comes back at every attempt only now and then, so that it does not fill a log. */
export class News {
  #text: string | undefined
  #toldAt = 0

  /** Whether the text is to be told at `now`: it is another one, or a minute has passed. */
  isNew(text: string, now: number): boolean {
    if (text === this.#text && now - this.#toldAt < REPEAT_AFTER_MS) return false
    this.#text = text
    this.#toldAt = now
    return true
  }

  /** What was told is over: when it comes again, it is told at once. */
  clear(): void {
    this.#text = undefined
  }
}
