/**
 * What a table of calls and events plays on: a master in memory, an agent that the test plays, and a
 * framework that speaks one of the two encodings.
 */
import { loadProtobuf } from "#lib/mesos/index.ts"
import fields from "#lib/mesos/v1/fields.json" with { type: "json" }
import {
  PROTOBUF,
  TestMaster,
  TestStream,
  dig,
  protobufReader,
  until,
  type Json,
  type TestAgent,
} from "./master-harness.ts"

/** Media type of JSON bodies. */
export const JSON_TYPE = "application/json"

/** The two encodings of the v1 API. */
export const ENCODINGS = [JSON_TYPE, PROTOBUF] as const

/** Base64 of the 16 bytes of a UUID. */
export const UUID = btoa("0123456789abcdef")

/** What an agent of ours can do. */
export const AGENT_CAPABILITIES = [
  "MULTI_ROLE",
  "HIERARCHICAL_ROLE",
  "RESERVATION_REFINEMENT",
  "RESOURCE_PROVIDER",
  "RESIZE_VOLUME",
  "AGENT_OPERATION_FEEDBACK",
  "AGENT_DRAINING",
  "TASK_RESOURCE_LIMITS",
] as const

const protobuf = await loadProtobuf()

/** All names of an enum of the v1 API but UNKNOWN, sorted: what a table must have a row for. */
export function enumNames(full: string): string[] {
  const found = (fields as unknown as Record<string, { readonly enum?: object }>)[full]?.enum
  if (found === undefined) throw new Error(`no enum ${full}`)
  return Object.keys(found)
    .filter((name) => name !== "UNKNOWN")
    .sort()
}

/** A body in an encoding. */
export const encode = (encoding: string, message: string, json: object): string | Uint8Array =>
  encoding === JSON_TYPE ? JSON.stringify(json) : protobuf.fromJson(message, { ...json })

/** A scalar resource in the API's form. */
export const scalar = (name: string, value: number) => ({
  name,
  type: "SCALAR",
  scalar: { value },
})

/** A framework on a master, with what tests ask of the two. */
export class Scene {
  readonly master: TestMaster
  readonly stream: TestStream
  readonly encoding: string
  /** `{value}` of the framework. */
  readonly frameworkId: unknown

  private constructor(master: TestMaster, stream: TestStream, encoding: string, id: unknown) {
    this.master = master
    this.stream = stream
    this.encoding = encoding
    this.frameworkId = id
  }

  /** A subscribed framework; `info` changes what it says of itself. */
  static async open(
    encoding: string,
    info: object = {},
    http: Parameters<typeof TestMaster.start>[0] = {},
    driver: Parameters<typeof TestMaster.start>[3] = {},
  ): Promise<Scene> {
    const master = await TestMaster.start(http, undefined, undefined, driver)
    const stream = await subscribe(master, encoding, info)
    const id = dig(await stream.event("SUBSCRIBED"), "subscribed", "framework_id")
    return new Scene(master, stream, encoding, id)
  }

  /** Its id as agents say it. */
  get id(): never {
    return dig(this.frameworkId, "value") as never
  }

  /** Makes a call, with the framework's id and stream. */
  async call(json: object): Promise<Response> {
    const body = encode(this.encoding, "mesos.v1.scheduler.Call", {
      framework_id: this.frameworkId,
      ...json,
    })
    return await this.master.call(body, {
      "content-type": this.encoding,
      accept: this.encoding,
      "mesos-stream-id": this.stream.id,
    })
  }

  /** Makes a call that must be answered with 202 and nothing else. */
  async accepted(json: object): Promise<void> {
    const response = await this.call(json)
    const text = await response.text()
    if (response.status !== 202 || text !== "")
      throw new Error(`${String((json as Json)["type"])} answered ${response.status} ${text}`)
  }

  /** Makes an operator's call; the status, and the answer as JSON or as text. */
  async operate(json: object): Promise<{ readonly status: number; readonly body: unknown }> {
    const response = await this.master.api.request("/api/v1", {
      method: "POST",
      headers: { "content-type": this.encoding, accept: this.encoding },
      body: encode(this.encoding, "mesos.v1.master.Call", json) as string,
    })
    const { status } = response
    const type = response.headers.get("content-type")
    if (type === JSON_TYPE) return { status, body: await response.json() }
    if (type !== PROTOBUF) return { status, body: await response.text() }
    const read = await protobufReader("mesos.v1.master.Response")
    return { status, body: read(new Uint8Array(await response.arrayBuffer())) }
  }

  /** Makes an operator's call that must be answered with this status; the answer. */
  async answered(status: number, json: object): Promise<unknown> {
    const answer = await this.operate(json)
    if (answer.status !== status)
      throw new Error(
        `${String((json as Json)["type"])} answered ${answer.status} ${JSON.stringify(answer.body)}`,
      )
    return answer.body
  }

  /** An operator's stream of events. */
  async watch(): Promise<TestStream> {
    const response = await this.master.api.request("/api/v1", {
      method: "POST",
      headers: { "content-type": this.encoding, accept: this.encoding },
      body: encode(this.encoding, "mesos.v1.master.Call", { type: "SUBSCRIBE" }) as string,
    })
    if (response.status !== 200)
      throw new Error(`SUBSCRIBE answered ${response.status} ${await response.text()}`)
    return new TestStream(response, "mesos.v1.master.Event")
  }

  /** The newest offer. */
  async offer(): Promise<Json> {
    await this.stream.event("OFFERS")
    const events = this.stream.events.filter((event) => event["type"] === "OFFERS")
    return dig(events.at(-1), "offers", "offers", 0) as Json
  }

  /** Accepts an offer for these operations. */
  async accept(offer: Json, ...operations: readonly object[]): Promise<void> {
    await this.accepted({ type: "ACCEPT", accept: { offer_ids: [offer["id"]], operations } })
  }

  /** Launches a task on the newest offer, and has the agent tell that it runs. */
  async running(agent: TestAgent, taskId = "web"): Promise<void> {
    const offer = await this.offer()
    await this.accept(offer, launch(taskId, offer))
    await until("the launch", () => agent.received.some(({ kind }) => kind === "runTask"))
    this.tell(agent, { taskId, state: "TASK_RUNNING" })
    await this.stream.event("UPDATE")
  }

  /** The agent tells a status of a task. */
  tell(agent: TestAgent, { taskId, state }: { readonly taskId: string; readonly state: string }) {
    agent.send({
      kind: "update",
      frameworkId: this.id,
      latestState: state as never,
      status: {
        taskId: taskId as never,
        agentId: agent.id,
        state: state as never,
        uuid: UUID,
        timestamp: 1.5,
        source: "SOURCE_EXECUTOR",
      },
    })
  }
}

/** Subscribes a framework to a master in an encoding. */
export async function subscribe(
  master: TestMaster,
  encoding: string,
  info: object = {},
): Promise<TestStream> {
  const framework_info = {
    user: "svc",
    name: "demo",
    failover_timeout: 60,
    roles: ["*"],
    capabilities: ["MULTI_ROLE", "RESERVATION_REFINEMENT", "PARTITION_AWARE"].map((type) => ({
      type,
    })),
    ...info,
  }
  const framework_id = dig(info, "id")
  const call = { type: "SUBSCRIBE", framework_id, subscribe: { framework_info } }
  const response = await master.call(encode(encoding, "mesos.v1.scheduler.Call", call), {
    "content-type": encoding,
    accept: encoding,
  })
  if (response.status !== 200) throw new Error(`SUBSCRIBE answered ${response.status}`)
  return new TestStream(response)
}

/** A LAUNCH of one small task on an offer. */
export const launch = (taskId: string, offer: Json, change: object = {}) => ({
  type: "LAUNCH",
  launch: {
    task_infos: [
      {
        name: taskId,
        task_id: { value: taskId },
        agent_id: offer["agent_id"],
        command: { value: "sleep 100" },
        resources: [scalar("cpus", 0.1), scalar("mem", 32)],
        ...change,
      },
    ],
  },
})
