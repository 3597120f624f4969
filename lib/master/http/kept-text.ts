/**
 * Texts of things that are mostly as they were when somebody last asked. `partsOf` names what a text is
 * made of, each part replaced, not changed, when it is another; while all are the same, so is the text.
 */
export class KeptTexts<T extends object> {
  readonly #partsOf: (thing: T) => readonly unknown[]
  readonly #render: (thing: T) => string
  readonly #kept = new WeakMap<T, { readonly parts: readonly unknown[]; readonly text: string }>()

  constructor(partsOf: (thing: T) => readonly unknown[], render: (thing: T) => string) {
    this.#partsOf = partsOf
    this.#render = render
  }

  /** The text of a thing as it is now. */
  of(thing: T): string {
    const parts = this.#partsOf(thing)
    const kept = this.#kept.get(thing)
    if (kept !== undefined && same(kept.parts, parts)) return kept.text
    const text = this.#render(thing)
    this.#kept.set(thing, { parts, text })
    return text
  }
}

function same(a: readonly unknown[], b: readonly unknown[]): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
