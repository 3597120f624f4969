import { encodeRecords, RecordDecoder } from "#lib/std/recordio.ts"
import { ApiError, UnexpectedAnswerError } from "#lib/client/errors.ts"
import type { Http } from "#lib/client/http.ts"
import { isObject } from "#lib/client/json.ts"
import type { ContainerId } from "./types.ts"

const JSON_TYPE = "application/json"
const RECORDIO = "application/recordio"

/** Bytes of one record of output at most; agents send far less. */
const RECORD_BYTES_MAX = 16 * 1024 * 1024

/** Bytes of one piece of input at most: each becomes a record, which an agent must take as a whole. */
const INPUT_BYTES = 64 * 1024

/** Between two heartbeats of an input. */
const HEARTBEAT_MS = 30_000

/** How long the exit status of a container may take once its output has ended. */
const WAIT_MS = 30_000

/** How agents refuse to attach to what only writes to files. */
const NO_TERMINAL = "I/O switchboard server was disabled"

/** A piece of what a process writes. */
export type ProcessOutput = {
  readonly stream: "stdout" | "stderr"
  readonly data: Uint8Array
}

/** What a process is given. */
export type ProcessInput =
  | { readonly kind: "data"; readonly data: Uint8Array }
  | { readonly kind: "end" }
  | { readonly kind: "size"; readonly rows: number; readonly columns: number }
  /** The process is to go on when nobody is there any more. */
  | { readonly kind: "leave" }

/** A process to start beside a task. */
export type ProcessToStart = {
  readonly containerId: ContainerId
  /** Program and arguments. */
  readonly words: readonly string[]
  readonly user: string | undefined
  /** Set when it gets a terminal, whose first size may be known. */
  readonly tty: TerminalInfo | undefined
}

/** A terminal to be made. */
export type TerminalInfo = {
  readonly size: { readonly rows: number; readonly columns: number } | undefined
}

/**
 * Containers of an agent: processes started beside tasks, and the streams of those that run.
 * Source: apache/mesos: docs/operator-http-api.md; dcos/dcos-core-cli: pkg/mesos.
 */
export class AgentContainers {
  readonly #http: Http

  constructor(http: Http) {
    this.#http = http
  }

  /** Starts a process beside a task; it ends when its output is not read any more. */
  async start(process: ProcessToStart, signal: AbortSignal): Promise<AsyncIterable<ProcessOutput>> {
    const { containerId, words, user, tty } = process
    const environment = { variables: [{ name: "TERM", type: "VALUE", value: "xterm" }] }
    return this.#output(signal, "LAUNCH_NESTED_CONTAINER_SESSION", {
      container_id: containerId,
      command: {
        shell: false,
        value: words[0],
        arguments: words,
        ...(user === undefined ? {} : { user }),
        ...(tty === undefined ? {} : { environment }),
      },
      ...(tty === undefined
        ? {}
        : {
            container: {
              type: "MESOS",
              tty_info: tty.size === undefined ? {} : { window_size: tty.size },
            },
          }),
    })
  }

  /** What a container that has a terminal writes from now on. */
  async attachOutput(
    containerId: ContainerId,
    signal: AbortSignal,
  ): Promise<AsyncIterable<ProcessOutput>> {
    try {
      return await this.#output(signal, "ATTACH_CONTAINER_OUTPUT", { container_id: containerId })
    } catch (cause) {
      if (cause instanceof ApiError && cause.message.startsWith(NO_TERMINAL))
        throw new Error("Unable to attach to a task launched without a TTY.", { cause })
      throw cause
    }
  }

  /**
   * Gives a container its input as it comes, at the pace at which it takes it. Resolves when the
   * input or the container has ended.
   */
  async attachInput(
    containerId: ContainerId,
    input: AsyncIterable<ProcessInput>,
    signal: AbortSignal,
  ): Promise<void> {
    const response = await this.#http.send({
      method: "POST",
      path: "/api/v1",
      headers: { "Content-Type": RECORDIO, "Message-Content-Type": JSON_TYPE },
      body: streamOf(inputRecords(containerId, input)),
      signal,
      patient: true,
    })
    // The container may be gone before all of its input was there.
    if (response.ok || response.status === 500) return
    throw await this.#http.errorOf(response)
  }

  /** The wait status of a container, once it has ended; undefined when nobody knows it. */
  async wait(containerId: ContainerId): Promise<number | undefined> {
    const call = {
      method: "POST" as const,
      path: "/api/v1",
      json: { type: "WAIT_CONTAINER", wait_container: { container_id: containerId } },
      patient: true as const,
      signal: AbortSignal.timeout(WAIT_MS),
    }
    const answer = await this.#http.jsonIfFound(call)
    if (answer === undefined) return undefined
    const ended = isObject(answer) ? answer["wait_container"] : undefined
    const status = isObject(ended) ? ended["exit_status"] : undefined
    return typeof status === "number" ? status : undefined
  }

  async #output(
    signal: AbortSignal,
    type: string,
    message: object,
  ): Promise<AsyncIterable<ProcessOutput>> {
    const response = await this.#http.succeed({
      method: "POST",
      path: "/api/v1",
      json: { type, [type.toLowerCase()]: message },
      headers: { Accept: RECORDIO, "Message-Accept": JSON_TYPE },
      signal,
      patient: true,
    })
    if (response.status !== 200) throw new ApiError("the container exists already", 202, undefined)
    if (response.headers.get("content-type")?.startsWith(RECORDIO) !== true)
      throw new UnexpectedAnswerError(
        `the agent answered ${type} with something else than a stream`,
      )
    return outputOf(response)
  }
}

/** The output in a stream of ProcessIO. */
async function* outputOf({ body }: Response): AsyncGenerator<ProcessOutput> {
  const decoder = new RecordDecoder(RECORD_BYTES_MAX)
  const text = new TextDecoder()
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    const records = decoder.push(chunk)
    if (!records.ok) throw new UnexpectedAnswerError(`the agent's stream: ${records.error.message}`)
    for (const record of records.value) {
      const { type, data } = JSON.parse(text.decode(record)) as {
        readonly type?: string
        readonly data?: { readonly type?: string; readonly data?: string }
      }
      if (type !== "DATA") continue
      const stream = data?.type === "STDERR" ? "stderr" : "stdout"
      yield { stream, data: Uint8Array.fromBase64(data?.data ?? "") }
    }
  }
  if (decoder.partial) throw new UnexpectedAnswerError("the agent's stream was cut")
}

/** The records of an input: first whose it is, then what it is, with signs of life in between. */
async function* inputRecords(
  containerId: ContainerId,
  input: AsyncIterable<ProcessInput>,
): AsyncGenerator<Uint8Array> {
  yield record({ type: "CONTAINER_ID", container_id: containerId })
  const inputs = input[Symbol.asyncIterator]()
  let next = inputs.next()
  for (;;) {
    const heartbeat = wakeUp(HEARTBEAT_MS)
    const first = await Promise.race([next, heartbeat.promise])
    heartbeat.cancel()
    if (first === undefined) {
      yield processIo({
        type: "CONTROL",
        control: {
          type: "HEARTBEAT",
          heartbeat: { interval: { nanoseconds: HEARTBEAT_MS * 1e6 } },
        },
      })
      continue
    }
    if (first.done === true) return
    yield* recordsOf(first.value)
    next = inputs.next()
  }
}

function* recordsOf(input: ProcessInput): Generator<Uint8Array> {
  switch (input.kind) {
    case "leave":
      yield processIo({ type: "CONTROL", control: { type: "DETACH" } })
      return
    case "data":
      for (let at = 0; at < input.data.length; at += INPUT_BYTES)
        yield stdin(input.data.subarray(at, at + INPUT_BYTES))
      return
    case "end":
      yield stdin(new Uint8Array())
      return
    case "size": {
      const { rows, columns } = input
      const tty = { window_size: { rows, columns } }
      yield processIo({ type: "CONTROL", control: { type: "TTY_INFO", tty_info: tty } })
      return
    }
    default:
      input satisfies never
  }
}

const stdin = (data: Uint8Array): Uint8Array =>
  processIo({ type: "DATA", data: { type: "STDIN", data: data.toBase64() } })

const processIo = (message: object): Uint8Array =>
  record({ type: "PROCESS_IO", process_io: message })

const record = (input: object): Uint8Array =>
  encodeRecords([JSON.stringify({ type: "ATTACH_CONTAINER_INPUT", attach_container_input: input })])

/** A stream that takes the next piece only when it is asked for one. */
function streamOf(pieces: AsyncGenerator<Uint8Array>): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    pull: async (controller) => {
      const next = await pieces.next()
      if (next.done === true) controller.close()
      else controller.enqueue(new Uint8Array(next.value))
    },
  })
}

function wakeUp(ms: number): { readonly promise: Promise<undefined>; readonly cancel: () => void } {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const timer = setTimeout(() => resolve(undefined), ms)
  return { promise, cancel: () => clearTimeout(timer) }
}
