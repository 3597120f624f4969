import { RecordDecoder } from "#lib/mesos/index.ts"
import { CallClient } from "./call-client.ts"

/** An offer, as far as benchmarks read it. */
export type Offer = {
  readonly id: { readonly value: string }
  readonly agent_id: { readonly value: string }
}

/** A task's status, as far as benchmarks read it. */
export type Status = {
  readonly state: string
  readonly uuid?: string
  readonly task_id: { readonly value: string }
  readonly agent_id: { readonly value: string }
}

type Event = {
  readonly type: string
  readonly subscribed?: { readonly framework_id: { readonly value: string } }
  readonly offers?: { readonly offers: readonly Offer[] }
  readonly update?: { readonly status: Status }
}

/** What a framework does about the events that benchmarks look at. */
export type Handlers = {
  readonly offer: (offer: Offer) => void
  readonly status: (status: Status) => void
}

const PATH = "/api/v1/scheduler"

/** A framework that speaks the HTTP v1 scheduler API. */
export class SchedulerClient {
  readonly #abort = new AbortController()
  readonly #calls: CallClient
  #frameworkId = ""

  private constructor(streamId: string) {
    this.#calls = new CallClient(PATH, { "Mesos-Stream-Id": streamId })
  }

  /** Subscribes with the master on this port of loopback. */
  static async subscribe(port: number, handlers: (self: SchedulerClient) => Handlers) {
    const abort = new AbortController()
    const response = await fetch(`http://127.0.0.1:${port}${PATH}`, {
      method: "POST",
      signal: abort.signal,
      headers: { "content-type": "application/json", accept: "application/json" },
      body: JSON.stringify({ type: "SUBSCRIBE", subscribe: { framework_info: FRAMEWORK } }),
    })
    if (!response.ok || response.body === null)
      throw new Error(`SUBSCRIBE: ${response.status} ${await response.text()}`)
    const client = new SchedulerClient(response.headers.get("mesos-stream-id") ?? "")
    client.#abort.signal.addEventListener("abort", () => abort.abort())
    await client.#calls.connect(port)
    void client.#read(response.body, handlers(client)).catch((cause: unknown) => {
      if (!abort.signal.aborted) console.error(`the stream ended: ${String(cause)}`)
    })
    return client
  }

  /** Accepts an offer with the tasks that are given, and declines what they leave for a while. */
  accept(offer: Offer, tasks: readonly unknown[]): void {
    this.#post("ACCEPT", {
      accept: {
        offer_ids: [offer.id],
        operations: tasks.length > 0 ? [{ type: "LAUNCH", launch: { task_infos: tasks } }] : [],
        filters: { refuse_seconds: 600 },
      },
    })
  }

  /** Acknowledges a status that asks for it. */
  acknowledge({ agent_id, task_id, uuid }: Status): void {
    if (uuid !== undefined) this.#post("ACKNOWLEDGE", { acknowledge: { agent_id, task_id, uuid } })
  }

  /** Kills the task that a status is about. */
  kill({ agent_id, task_id }: Status): void {
    this.#post("KILL", { kill: { agent_id, task_id } })
  }

  /** Answers that were a success, and others. */
  get answers(): CallClient["counts"] {
    return this.#calls.counts
  }

  stop(): void {
    this.#abort.abort()
    this.#calls.close()
  }

  #post(type: string, members: object): void {
    this.#calls.post(
      JSON.stringify({ type, framework_id: { value: this.#frameworkId }, ...members }),
    )
  }

  async #read(body: ReadableStream<Uint8Array>, handlers: Handlers): Promise<void> {
    const decoder = new RecordDecoder(64 * 1024 * 1024)
    const text = new TextDecoder()
    for await (const chunk of body) {
      const records = decoder.push(chunk)
      if (!records.ok) throw new Error(records.error.message)
      for (const record of records.value) {
        const event = JSON.parse(text.decode(record)) as Event
        if (event.subscribed) this.#frameworkId = event.subscribed.framework_id.value
        for (const offer of event.offers?.offers ?? []) handlers.offer(offer)
        if (event.update) handlers.status(event.update.status)
      }
    }
  }
}

const FRAMEWORK = {
  user: "root",
  name: "bench",
  failover_timeout: 60,
  checkpoint: true,
  roles: ["bench"],
  capabilities: [{ type: "MULTI_ROLE" }, { type: "PARTITION_AWARE" }],
}

const scalar = (name: string, value: number) => ({
  name,
  type: "SCALAR",
  scalar: { value },
  allocation_info: { role: "bench" },
})

/** A small task that sleeps, for the agent of this offer. */
export const sleeper = (taskId: string, offer: Offer) => ({
  name: "task",
  task_id: { value: taskId },
  agent_id: offer.agent_id,
  resources: [scalar("cpus", 0.1), scalar("mem", 32)],
  command: { value: "exec sleep 1000" },
})
