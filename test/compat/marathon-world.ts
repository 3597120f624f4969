import { createMarathonHttp } from "#lib/marathon/index.ts"
import type { MarathonHttpPorts } from "#lib/marathon/index.ts"
import { World } from "#lib/marathon/core/test-world.ts"
import type { WorldOptions } from "#lib/marathon/core/test-world.ts"
import { EventBus } from "#lib/marathon/event-bus.ts"
import { DEFAULT_OPTIONS } from "#lib/marathon/index.ts"

/** A JSON body; what bodies look like is what the tests are about. */
// oxlint-disable-next-line typescript/no-explicit-any
export type Body = any

/** An answer as a client sees it; `body` is undefined where there is none. */
export type Answer = {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly body: Body
}

/** A request: a body that is not a text is sent as JSON. */
export type Ask = {
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** The API over the real machine, with a scripted master; time stands still unless advanced. */
export class ApiWorld {
  readonly world: World
  readonly bus = new EventBus()
  readonly logged: string[] = []
  readonly fetch: (request: Request) => Promise<Response>
  #published = 0

  constructor(options: WorldOptions = {}, ports: Partial<MarathonHttpPorts> = {}) {
    this.world = new World(options)
    const { world, bus } = this
    const timers = new Set<() => void>()
    this.fetch = createMarathonHttp({
      marathon: {
        view: world.machine.view,
        settings: { ...DEFAULT_OPTIONS, ...options.options },
        request: async (command) => {
          const reply = world.request(command)
          this.flush()
          return Promise.resolve(reply)
        },
        subscribe: (types) => bus.subscribe(types),
        publish: (event) => bus.publish(event),
      },
      clock: {
        now: () => world.now,
        wakeAt: (_at, wake) => {
          timers.add(wake)
          return () => timers.delete(wake)
        },
        soon: (run) => queueMicrotask(run),
      },
      log: {
        enabled: (level) => level !== "debug",
        write: (level, message) => this.logged.push(`${level}: ${message}`),
      },
      info: { version: "1.11.0", leaderUrl: "http://leader.example:8080" },
      clientAddress: () => "192.0.2.7",
      ...ports,
    })
  }

  /** Hands the machine's events to the subscribers. */
  flush(): void {
    for (const event of this.world.events.slice(this.#published)) this.bus.publish(event)
    this.#published = this.world.events.length
  }

  /** Lets time pass. */
  advance(ms: number): void {
    this.world.advance(ms)
    this.flush()
  }

  /** Sends a request and reads the answer. */
  async ask(method: string, path: string, { body, headers = {} }: Ask = {}): Promise<Answer> {
    const text = typeof body === "string" || body === undefined ? body : JSON.stringify(body)
    const response = await this.fetch(
      new Request(`http://marathon.example${path}`, {
        method,
        headers,
        ...(text === undefined ? {} : { body: new TextEncoder().encode(text) }),
      }),
    )
    const answer = await response.text()
    const isJson = response.headers.get("content-type")?.startsWith("application/json") ?? false
    return {
      status: response.status,
      headers: response.headers,
      text: answer,
      body: isJson && answer !== "" ? (JSON.parse(answer) as unknown) : undefined,
    }
  }

  get = (path: string, ask?: Ask): Promise<Answer> => this.ask("GET", path, ask)
  post = (path: string, body?: unknown, ask?: Ask): Promise<Answer> =>
    this.ask("POST", path, { body, ...ask })
  put = (path: string, body?: unknown, ask?: Ask): Promise<Answer> =>
    this.ask("PUT", path, { body, ...ask })
  patch = (path: string, body?: unknown, ask?: Ask): Promise<Answer> =>
    this.ask("PATCH", path, { body, ...ask })
  delete = (path: string, ask?: Ask): Promise<Answer> => this.ask("DELETE", path, ask)
}
