import type Docker from "dockerode"
import { OWNER_LABEL, CONTAINER_LABEL } from "./create-options.ts"
import type { DockerDaemon } from "./daemon.ts"
import { jsonLines } from "./json-lines.ts"
import type { ContainerId } from "#lib/ports/index.ts"

/** Wait before the stream of events is asked for again when it broke. */
const RETRY_MS = 1000

/** What the watch needs to know and to tell. */
export type DockerEventsOptions = {
  readonly daemon: DockerDaemon
  readonly owner: string
  /** The container may have ended. */
  readonly onHint: (containerId: ContainerId) => void
  /** Events may have been missed until now: look at every container. */
  readonly onConnected: () => void
}

/** Hears of ends of this agent's containers over one connection, made again whenever it breaks. */
export class DockerEvents {
  readonly #options: DockerEventsOptions
  #stream: NodeJS.ReadableStream | undefined
  #started = false
  #stopped = false

  constructor(options: DockerEventsOptions) {
    this.#options = options
  }

  /** Begins; harmless when repeated. */
  start(): void {
    if (this.#started) return
    this.#started = true
    void this.#run()
  }

  stop(): void {
    this.#stopped = true
    if (this.#stream !== undefined && "destroy" in this.#stream)
      (this.#stream as unknown as { destroy(): void }).destroy()
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      try {
        await this.#follow(await this.#options.daemon.client())
      } catch {
        // The daemon is down or going down: its containers are looked at when it answers again.
      }
      if (this.#stopped) return
      await new Promise<void>((resolve) => setTimeout(resolve, RETRY_MS).unref())
    }
  }

  async #follow(docker: Docker): Promise<void> {
    const stream = await docker.getEvents({
      filters: {
        type: ["container"],
        event: ["die", "destroy"],
        label: [`${OWNER_LABEL}=${this.#options.owner}`],
      },
    })
    if (this.#stopped) return
    this.#stream = stream
    this.#options.onConnected()
    for await (const event of jsonLines(stream)) this.#hear(event)
  }

  #hear(event: unknown): void {
    type Event = { readonly Actor?: { readonly Attributes?: Readonly<Record<string, string>> } }
    const containerId = (event as Event).Actor?.Attributes?.[CONTAINER_LABEL]
    if (containerId !== undefined) this.#options.onHint(containerId as ContainerId)
  }
}
