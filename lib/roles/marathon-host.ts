import {
  MarathonDriver,
  type MarathonDriverOptions,
  type MarathonPort,
} from "#lib/marathon/index.ts"
import type { Clock } from "#lib/ports/index.ts"

/** How long a Marathon that stepped down takes before it begins again, in milliseconds. */
const RETURN_AFTER_MS = 500

/**
 * Keeps a Marathon running in this process. One that steps down leaves the master, as a framework
 * whose scheduler failed does; after a pause a new one recovers from the store and takes its place.
 */
export class MarathonHost {
  readonly #options: () => MarathonDriverOptions
  readonly #clock: Clock
  readonly #onFatal: (cause: unknown) => void
  #driver: MarathonDriver
  #leads = true
  #stopped = false

  /** Starts the first Marathon; `options` is asked again for each later one. */
  static async start(options: () => MarathonDriverOptions): Promise<MarathonHost> {
    const first = options()
    return new MarathonHost(options, first, await MarathonDriver.start(first))
  }

  private constructor(
    options: () => MarathonDriverOptions,
    { clock, onFatal }: MarathonDriverOptions,
    driver: MarathonDriver,
  ) {
    this.#options = options
    this.#clock = clock
    this.#onFatal = onFatal
    this.#driver = driver
  }

  /** Whether a Marathon is at work; between two there is none. */
  get leads(): boolean {
    return this.#leads
  }

  /** The Marathon at work, whichever it is at the time of each call. */
  readonly port: MarathonPort = this.#makePort()

  /** Makes the Marathon at work step down. */
  abdicate(): void {
    if (!this.#leads || this.#stopped) return
    this.#leads = false
    const begin = (): void => void this.#begin().catch(this.#onFatal)
    void this.#driver
      .stop()
      .then(() => this.#clock.wakeAt(this.#clock.now() + RETURN_AFTER_MS, begin))
      .catch(this.#onFatal)
  }

  /** Stops for good. */
  async stop(): Promise<void> {
    this.#stopped = true
    if (this.#leads) await this.#driver.stop()
  }

  async #begin(): Promise<void> {
    if (this.#stopped) return
    this.#driver = await MarathonDriver.start(this.#options())
    this.#leads = true
  }

  #makePort(): MarathonPort {
    const driver = (): MarathonDriver => this.#driver
    return {
      get view() {
        return driver().view
      },
      get settings() {
        return driver().settings
      },
      request: (command) => driver().request(command),
      subscribe: (types) => driver().subscribe(types),
      publish: (event) => driver().publish(event),
    }
  }
}
