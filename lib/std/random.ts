/**
 * A seeded generator of pseudo-random numbers (splitmix32 over a 32-bit state). The same seed gives
 * the same sequence on every platform, so a core may keep one in its state. Not for secrets.
 */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** The next unsigned 32-bit integer. */
  uint32(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0
    let z = this.#state
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    return (z ^ (z >>> 15)) >>> 0
  }

  /** The next float in [0, 1). */
  float(): number {
    return this.uint32() / 0x1_0000_0000
  }

  /** An integer in [0, bound). `bound` is at least 1. */
  below(bound: number): number {
    return Math.floor(this.float() * bound)
  }

  /** True with the given probability, in [0, 1]. */
  chance(probability: number): boolean {
    return this.float() < probability
  }

  /** One item of a list that is not empty. */
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T
  }

  /** Shuffles the list in place (Fisher-Yates). */
  shuffle<T>(items: T[]): void {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.below(i + 1)
      const kept = items[i] as T
      items[i] = items[j] as T
      items[j] = kept
    }
  }

  /** A version 4 UUID, such as "7c0a1f9e-5d52-4a39-9f0e-2b1f6a3c9d10". */
  uuid(): string {
    const hex = [0, 0, 0, 0].map(() => this.uint32().toString(16).padStart(8, "0")).join("")
    const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16)
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
  }

  /** An independent generator whose seed is drawn from this one. */
  fork(): Random {
    return new Random(this.uint32())
  }
}
