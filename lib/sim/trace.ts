/**
 * What happened, in order: the newest lines as text, and a hash over all of them, so that two runs can
 * be compared without keeping either.
 */
export class Trace {
  readonly #kept: number
  readonly #lines: string[] = []
  #next = 0
  #count = 0
  #high = 0x811c9dc5
  #low = 0x01000193

  /** `kept` lines are kept for a report. */
  constructor(kept: number) {
    this.#kept = kept
  }

  /** How many lines there were. */
  get count(): number {
    return this.#count
  }

  /** Adds a line. */
  write(now: number, who: string, what: string): void {
    const line = `${(now / 1000).toFixed(3).padStart(10)}  ${who.padEnd(10)} ${what}`
    this.#count++
    this.#mix(line)
    if (this.#lines.length < this.#kept) this.#lines.push(line)
    else {
      this.#lines[this.#next] = line
      this.#next = (this.#next + 1) % this.#kept
    }
  }

  /** The newest lines, oldest first. */
  tail(): readonly string[] {
    if (this.#lines.length < this.#kept) return this.#lines
    return [...this.#lines.slice(this.#next), ...this.#lines.slice(0, this.#next)]
  }

  /** Sixteen hexadecimal digits over every line so far. */
  hash(): string {
    const word = (value: number): string => (value >>> 0).toString(16).padStart(8, "0")
    return word(this.#high) + word(this.#low)
  }

  #mix(line: string): void {
    let high = this.#high
    let low = this.#low
    for (let index = 0; index < line.length; index++) {
      const code = line.charCodeAt(index)
      high = Math.imul(high ^ code, 0x01000193)
      low = Math.imul(low ^ code, 0x5bd1e995)
      low ^= low >>> 15
    }
    this.#high = high
    this.#low = low
  }
}
