/**
 * Draws ids from a seed of 128 bits (sfc32), so that a core stays deterministic and two lives of an
 * agent, or two agents, practically never draw the same id. The generator of `lib/std` has 32 bits of
 * state, which is enough for jitter but not for names that must be unique in a cluster.
 */
export class IdSource {
  #a: number
  #b: number
  #c: number
  #counter: number

  constructor(seed: readonly [number, number, number, number]) {
    this.#a = seed[0] >>> 0
    this.#b = seed[1] >>> 0
    this.#c = seed[2] >>> 0
    this.#counter = seed[3] >>> 0
    // The first outputs of sfc32 still show the seed; twelve rounds mix it.
    for (let round = 0; round < 12; round++) this.uint32()
  }

  /** The next unsigned 32-bit integer. */
  uint32(): number {
    const sum = (this.#a + this.#b + this.#counter) >>> 0
    this.#counter = (this.#counter + 1) >>> 0
    this.#a = (this.#b ^ (this.#b >>> 9)) >>> 0
    this.#b = (this.#c + (this.#c << 3)) >>> 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) >>> 0
    return sum
  }

  /** An integer in [0, bound). `bound` is at least 1. */
  below(bound: number): number {
    return Math.floor((this.uint32() / 0x1_0000_0000) * bound)
  }

  /** A version 4 UUID in lower case, such as "7c0a1f9e-5d52-4a39-9f0e-2b1f6a3c9d10". */
  uuid(): string {
    const hex = [0, 0, 0, 0].map(() => this.uint32().toString(16).padStart(8, "0")).join("")
    const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16)
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
  }

  /** Sixteen bytes in base64: the uuid of a status update as the API shows it. */
  bytes(): string {
    let text = ""
    for (let word = 0; word < 4; word++) {
      const value = this.uint32()
      text += String.fromCharCode(
        value >>> 24,
        (value >>> 16) & 0xff,
        (value >>> 8) & 0xff,
        value & 0xff,
      )
    }
    return btoa(text)
  }
}
