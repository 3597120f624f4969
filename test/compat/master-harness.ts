/** A real master in memory behind its HTTP API, in virtual time, with agents that a test plays. */
import type { Hono } from "hono"
import {
  RecordDecoder,
  loadProtobuf,
  type AgentId,
  type AgentToMaster,
  type MasterToAgent,
  type RegisterMessage,
} from "#lib/mesos/index.ts"
import {
  MasterDriver,
  createMasterApi,
  type LinkId,
  type MasterDriverOptions,
  type MasterHttpOptions,
  type MasterOptions,
} from "#lib/master/index.ts"
import type { Clock, LogVerbosity } from "#lib/ports/index.ts"
import { MemoryStore } from "#lib/runtime/index.ts"
import { resources } from "./master-view.ts"

/** A JSON object as tests look at it. */
export type Json = Readonly<Record<string, unknown>>

/** What lies at a path inside JSON, undefined when nothing does. */
export function dig(json: unknown, ...path: readonly (string | number)[]): unknown {
  let at = json
  for (const step of path) at = (at as Json | undefined)?.[step]
  return at
}

/** Virtual time; turns of the event loop are real. */
export class ManualClock implements Clock {
  #now = 1_700_000_000_000
  #alarms: { readonly at: number; readonly wake: () => void }[] = []

  now(): number {
    return this.#now
  }

  wakeAt(at: number, wake: () => void): () => void {
    const alarm = { at, wake }
    this.#alarms.push(alarm)
    if (at <= this.#now) setImmediate(() => this.#ring(alarm))
    return () => void (this.#alarms = this.#alarms.filter((each) => each !== alarm))
  }

  soon(run: () => void): void {
    setImmediate(run)
  }

  /** Lets time pass and rings what is due. */
  advance(ms: number): void {
    this.#now += ms
    for (const alarm of this.#alarms.filter(({ at }) => at <= this.#now)) this.#ring(alarm)
  }

  #ring(alarm: { readonly at: number; readonly wake: () => void }): void {
    if (!this.#alarms.includes(alarm)) return
    this.#alarms = this.#alarms.filter((each) => each !== alarm)
    alarm.wake()
  }
}

/** Says what it was set to and for how long, and never turns back by itself. */
export class TestVerbosity implements LogVerbosity {
  readonly original = 0
  /** Milliseconds of the latest `set`. */
  durationMs = 0
  #level = 0

  level(): number {
    return this.#level
  }

  set(level: number, durationMs: number): void {
    this.#level = level
    this.durationMs = durationMs
  }
}

/** The media type of protobuf. */
export const PROTOBUF = "application/x-protobuf"

const readJson = (bytes: Uint8Array): Json => JSON.parse(new TextDecoder().decode(bytes)) as Json

/** Reads a message from protobuf; throws when the bytes are none. */
export async function protobufReader(message: string): Promise<(bytes: Uint8Array) => Json> {
  const protobuf = await loadProtobuf()
  return (bytes) => {
    const json = protobuf.toJson(message, bytes)
    if (!json.ok) throw new Error(json.error.message)
    return json.value
  }
}

/** The events of one SUBSCRIBE response, of schedulers unless another message is named. */
export class TestStream {
  readonly response: Response
  readonly id: string
  /** Every event so far. */
  readonly events: Json[] = []
  ended = false
  readonly #reader: Pick<ReadableStreamDefaultReader<Uint8Array>, "read" | "cancel">

  constructor(response: Response, message = "mesos.v1.scheduler.Event") {
    this.response = response
    this.id = response.headers.get("mesos-stream-id") ?? ""
    if (response.body === null) throw new Error("a stream has a body")
    this.#reader = response.body.getReader()
    void this.#read(message)
  }

  /** The first event of a type; waits until it is there. */
  async event(type: string): Promise<Json> {
    await until(`the event ${type}`, () => this.events.some((event) => event["type"] === type))
    return this.events.find((event) => event["type"] === type) ?? {}
  }

  /** The client goes away. */
  async close(): Promise<void> {
    await this.#reader.cancel()
  }

  async #read(message: string): Promise<void> {
    const decoder = new RecordDecoder(1 << 20)
    const type = this.response.headers.get("content-type")
    const decode = type === PROTOBUF ? await protobufReader(message) : readJson
    for (;;) {
      const { done, value } = await this.#reader.read()
      if (done) break
      const records = decoder.push(value)
      if (!records.ok) throw new Error(records.error.message)
      for (const record of records.value) this.events.push(decode(record))
    }
    this.ended = true
  }
}

/** Waits for a condition, turn by turn, with a deadline. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 5_000
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`)
    await new Promise((resume) => setTimeout(resume, 1))
  }
}

/** An agent that a test plays. */
export type TestAgent = {
  readonly link: LinkId
  readonly received: MasterToAgent[]
  readonly send: (message: AgentToMaster) => void
  /** Known once the master confirmed the registration. */
  readonly id: AgentId
}

/** A master, its API, and what the test does to it. */
export class TestMaster {
  readonly clock: ManualClock
  readonly driver: MasterDriver
  readonly api: Hono
  readonly #links: Map<LinkId, (message: MasterToAgent) => void>

  private constructor(parts: {
    readonly clock: ManualClock
    readonly driver: MasterDriver
    readonly api: Hono
    readonly links: Map<LinkId, (message: MasterToAgent) => void>
  }) {
    this.clock = parts.clock
    this.driver = parts.driver
    this.api = parts.api
    this.#links = parts.links
  }

  static async start(
    http: Partial<MasterHttpOptions> = {},
    onFatal = (cause: unknown): void => {
      throw cause
    },
    core: Partial<MasterOptions> = {},
    driver: Partial<MasterDriverOptions> = {},
  ): Promise<TestMaster> {
    const clock = new ManualClock()
    const log = { enabled: () => false, write: () => undefined }
    const links = new Map<LinkId, (message: MasterToAgent) => void>()
    let ids = 0
    const started = await MasterDriver.start({
      master: { info: { id: "m", ip: 0x0100007f, port: 5050, hostname: "m1" }, seed: 1, ...core },
      store: new MemoryStore(),
      clock,
      log,
      links: {
        send: (link, messages) => {
          for (const message of messages) links.get(link)?.(message)
        },
        close: (link) => void links.delete(link),
      },
      newId: () => `stream-${++ids}`,
      onFatal,
      ...driver,
    })
    if (!started.ok) throw new Error(started.error.message)
    const running = started.value
    const build = { version: "1.12.0", buildDate: "", buildTime: 0, buildUser: "ci" }
    const logVerbosity = new TestVerbosity()
    const base = { master: running, clock, log, logVerbosity, build, flags: {} }
    const api = createMasterApi({ ...base, ...http })
    return new TestMaster({ clock, driver: running, api, links })
  }

  /** Registers an agent with 4 cpus and 4 GiB, which answers pings by itself. */
  async agent(change: Partial<RegisterMessage> = {}): Promise<TestAgent> {
    const link = `link-${this.#links.size}` as LinkId
    const received: MasterToAgent[] = []
    const send = (message: AgentToMaster): void => void this.driver.linkMessages(link, [message])
    this.#links.set(link, (message) => {
      if (message.kind !== "ping") received.push(message)
      else setImmediate(() => send({ kind: "pong", sequence: message.sequence }))
    })
    this.driver.linkOpened(link, "10.0.2.1")
    send({
      kind: "register",
      info: {
        hostname: "a1",
        resources: resources("cpus:4;mem:4096;disk:100;ports:[31000-31009]"),
      },
      version: "1.12.0",
      capabilities: ["MULTI_ROLE", "HIERARCHICAL_ROLE", "RESERVATION_REFINEMENT"],
      checkpointedResources: [],
      frameworks: [],
      executors: [],
      tasks: [],
      ...change,
    })
    await until("the registration", () => received.some(({ kind }) => kind === "registered"))
    const registered = received.find((message) => message.kind === "registered")
    if (registered?.kind !== "registered") throw new Error("not registered")
    return { link, received, send, id: registered.agentId }
  }

  /**
   * POST of a scheduler call, with the headers of a well-behaved client unless told otherwise. What is
   * accepted has been done when this resolves, as it would be before another request could come.
   */
  async call(body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    const raw = typeof body === "string" || body instanceof Uint8Array
    const response = await this.api.request("/api/v1/scheduler", {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json", ...headers },
      body: raw ? (body as string) : JSON.stringify(body),
    })
    await new Promise((resume) => this.clock.soon(() => resume(undefined)))
    return response
  }

  /** Subscribes; resolves once the response is there, whatever the stream then says. */
  async subscribe(info: object = {}): Promise<TestStream> {
    const framework_info = {
      user: "svc",
      name: "demo",
      failover_timeout: 60,
      roles: ["*"],
      capabilities: [{ type: "MULTI_ROLE" }, { type: "RESERVATION_REFINEMENT" }],
      ...info,
    }
    const id = (info as { readonly id?: object }).id
    const response = await this.call({
      type: "SUBSCRIBE",
      ...(id && { framework_id: id }),
      subscribe: { framework_info },
    })
    if (response.status !== 200) throw new Error(`SUBSCRIBE answered ${response.status}`)
    return new TestStream(response)
  }

  /** A JSON endpoint's answer. */
  async get(path: string): Promise<Json> {
    const response = await this.api.request(path)
    if (response.status !== 200) throw new Error(`${path} answered ${response.status}`)
    return (await response.json()) as Json
  }
}
