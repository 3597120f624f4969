import { Recent } from "#lib/std/recent.ts"

/** Parts that are remembered: those of some ten thousand services, or the addresses of as many agents. */
const PARTS = 32_768

/**
 * What was made of parts that the master keeps once for many tasks, such as the container of all
 * instances of a service. A part is replaced, not changed, when it is another.
 */
export class Memo<Part extends object, Made extends object | string> {
  readonly #make: (part: Part) => Made
  readonly #made = new Recent<Part, Made>(PARTS)

  constructor(make: (part: Part) => Made) {
    this.#make = make
  }

  of(part: Part): Made {
    let made = this.#made.get(part)
    if (made === undefined) this.#made.set(part, (made = this.#make(part)))
    return made
  }
}
