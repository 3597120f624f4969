import {
  acceptedType,
  base64Length,
  contentType,
  decodeMessage,
  encodeMessage,
  encodeRecords,
  loadProtobuf,
  readBody,
  RecordBody,
  type executor as v1,
  type MediaType,
  type Protobuf,
  type TaskStatus,
} from "#lib/mesos/index.ts"
import type { Cancel, Clock, ContainerId, ExecutorTokens } from "#lib/ports/index.ts"
import { refuse } from "#lib/std/refuse.ts"
import type { ExecutorRecord } from "#lib/agent/core/records.ts"
import type { ExecutorConnection } from "#lib/agent/core/types.ts"
import type { ExecutorSink } from "#lib/agent/executor-streams.ts"
import type { AgentHttpOptions } from "./ports.ts"

const CALL = "mesos.v1.executor.Call"
const EVENT = "mesos.v1.executor.Event"

/** Bytes that an executor may leave unread; beyond them its stream is cut, and it subscribes anew. */
const STREAM_BUFFER_BYTES = 8 * 1024 * 1024

/**
 * Between two heartbeats. Executors from before there were any may end at an event that they do not
 * know. Source: apache/mesos: src/slave/constants.hpp (DEFAULT_EXECUTOR_HEARTBEAT_INTERVAL).
 */
const HEARTBEAT_MS = 30 * 60_000

/** Bytes of the uuid of an update. */
const UUID_BYTES = 16

/**
 * POST /api/v1/executor: the API that custom executors speak. The checks come in the order of Mesos.
 * Source: apache/mesos: src/slave/http.cpp (Http::executor), src/common/validation.cpp.
 */
export async function serveExecutor(
  options: AgentHttpOptions,
  request: Request,
): Promise<Response> {
  if (options.requireExecutorTokens === true) {
    const { executorTokens } = options
    if (executorTokens === undefined || !showsToken(request, executorTokens)) return UNPROVEN()
  }
  const type = contentType(request.headers.get("content-type"))
  if (!type.ok) return refuse(type.error.status, type.error.message)
  const body = await readBody(request, type.value, CALL)
  if (!body.ok) return refuse(400, body.error)
  const decoded = decodeMessage(CALL, body.value)
  if (!decoded.ok && decoded.error.code === "unknownType") return refuse(501, "")
  const problem = decoded.ok ? callProblem(decoded.value) : decoded.error.message
  if (problem !== undefined || !decoded.ok)
    return refuse(400, `Failed to validate Executor::Call: ${problem}`)
  const call = decoded.value
  const accepted = acceptedType(request.headers.get("accept"))
  if (call.kind === "subscribe" && !accepted.ok) return refuse(406, accepted.error)
  // Executors in Mesos' own library send made-up ids with it.
  if (call.kind === "heartbeat") return ACCEPTED()
  const executor = find(options, call)
  if (executor instanceof Response) return executor
  const refusal = imposture(options, request, executor)
  if (refusal !== undefined) return refusal
  const { containerId } = executor.launch
  switch (call.kind) {
    case "subscribe":
      return subscribe(options, { containerId, call, request, type: mediaOf(accepted) })
    case "update":
    case "message": {
      if (executor.process?.phase === "starting") return refuse(403, "Executor is not subscribed")
      return options.driver.executors.call(containerId, call) ? ACCEPTED() : OVERLOADED()
    }
    default:
      return call satisfies never
  }
}

const ACCEPTED = (): Response => new Response(null, { status: 202 })
const OVERLOADED = (): Response => refuse(503, "The agent is overloaded or stopping")

const UNPROVEN = (): Response =>
  refuse(401, "", { "www-authenticate": 'Bearer realm="mesos-agent-executor"' })

const mediaOf = (accepted: ReturnType<typeof acceptedType>): MediaType =>
  accepted.ok ? accepted.value : "application/json"

function find({ driver }: AgentHttpOptions, call: v1.Call): ExecutorRecord | Response {
  const framework = driver.agent.workload.framework(call.frameworkId)
  if (framework === undefined) return refuse(400, "Framework cannot be found")
  const executor = framework.executors.get(call.executorId)
  // Those that are built into the agent are nobody's to speak for.
  if (executor?.launch.kind !== "custom") return refuse(400, "Executor cannot be found")
  return executor
}

/** The token that a request shows. */
const tokenOf = (request: Request): string | undefined =>
  /^Bearer +(\S+)$/i.exec(request.headers.get("authorization") ?? "")?.[1]

/** Whether a request shows a token that this agent gave to an executor. */
export const showsToken = (request: Request, tokens: Pick<ExecutorTokens, "read">): boolean =>
  tokens.read(tokenOf(request) ?? "") !== undefined

/**
 * Why whoever asks is not the executor; undefined when it proves to be, or shows no token: those of its
 * machine need none. Source: apache/mesos: src/slave/http.cpp (executor), src/slave/slave.cpp.
 */
function imposture(
  { executorTokens }: AgentHttpOptions,
  request: Request,
  { launch }: ExecutorRecord,
): Response | undefined {
  const token = tokenOf(request)
  if (token === undefined || executorTokens === undefined) return undefined
  const claims = executorTokens.read(token)
  if (claims === undefined) return UNPROVEN()
  const { frameworkId, executorId, containerId } = claims
  const isOwn = frameworkId === launch.frameworkId && executorId === launch.info.executorId
  return isOwn && containerId === launch.containerId
    ? undefined
    : refuse(403, "The token is not that of this executor")
}

function callProblem(call: v1.Call): string | undefined {
  if (call.kind !== "update") return undefined
  const { status } = call
  const by = `executor ${call.executorId} of framework ${call.frameworkId}`
  if (status.uuid === undefined) return "Expecting 'uuid' to be present"
  const bytes = base64Length(status.uuid)
  if (bytes !== UUID_BYTES) return `Not a valid UUID: expected ${UUID_BYTES} bytes, got ${bytes}`
  if (status.executorId !== undefined && status.executorId !== call.executorId)
    return `ExecutorID in Call: ${call.executorId} does not match ExecutorID in TaskStatus: ${status.executorId}`
  if (status.source !== "SOURCE_EXECUTOR")
    return `Received Call from ${by} with invalid source, expecting 'SOURCE_EXECUTOR'`
  if (status.state === "TASK_STAGING")
    return `Received TASK_STAGING from ${by} which is not allowed`
  return checkStatusProblem(status)
}

function checkStatusProblem({ checkStatus }: TaskStatus): string | undefined {
  if (checkStatus === undefined) return undefined
  const { type } = checkStatus
  switch (type) {
    case undefined:
      return "CheckStatusInfo must specify 'type'"
    case "COMMAND":
      return checkStatus.command ? undefined : missing("command", type)
    case "HTTP":
      return checkStatus.http ? undefined : missing("http", type)
    case "TCP":
      return checkStatus.tcp ? undefined : missing("tcp", type)
    case "UNKNOWN":
      return `'${type}' is not a valid check's status type`
    default:
      return type satisfies never
  }
}

const missing = (field: string, type: string): string =>
  `Expecting '${field}' to be set for ${type} check's status`

/** One subscription as it arrives. */
type Subscribing = {
  readonly containerId: ContainerId
  readonly call: Extract<v1.Call, { readonly kind: "subscribe" }>
  readonly request: Request
  readonly type: MediaType
}

async function subscribe(options: AgentHttpOptions, subscribing: Subscribing): Promise<Response> {
  const { driver, clock, log } = options
  const { containerId, call, request, type } = subscribing
  const opened: { connection: ExecutorConnection | undefined } = { connection: undefined }
  const stream = new ExecutorStream({
    protobuf: type === "application/x-protobuf" ? await loadProtobuf() : undefined,
    clock,
    onClosed: (reason) => {
      log.write("info", "executor stream closed", { container: containerId, reason })
      const { connection } = opened
      // The driver may be the one that is calling: it hears of it in a turn of its own.
      clock.soon(() => connection !== undefined && driver.executors.close(containerId, connection))
    },
  })
  opened.connection = driver.executors.open(containerId, call, stream)
  if (opened.connection === undefined) return OVERLOADED()
  const { signal } = request
  const gone = (): void => stream.close("the client closed the connection")
  if (signal.aborted) gone()
  else signal.addEventListener("abort", gone)
  return new Response(stream.body, { headers: { "content-type": type } })
}

/** The body of an executor's SUBSCRIBE response: its events as records, and heartbeats. */
class ExecutorStream implements ExecutorSink {
  readonly #records: RecordBody
  readonly #protobuf: Protobuf | undefined
  readonly #clock: Clock
  #cancelHeartbeat: Cancel

  constructor(options: {
    readonly protobuf: Protobuf | undefined
    readonly clock: Clock
    readonly onClosed: (reason: string) => void
  }) {
    this.#protobuf = options.protobuf
    this.#clock = options.clock
    this.#records = new RecordBody({
      reader: "executor",
      limitBytes: STREAM_BUFFER_BYTES,
      onClosed: (reason) => {
        this.#cancelHeartbeat()
        options.onClosed(reason)
      },
    })
    this.#cancelHeartbeat = this.#planHeartbeat()
  }

  get body(): ReadableStream<Uint8Array> {
    return this.#records.stream
  }

  event(event: v1.Event): void {
    const protobuf = this.#protobuf
    const record = protobuf
      ? protobuf.encode(EVENT, event, "new")
      : JSON.stringify(encodeMessage(EVENT, event, "new"))
    this.#records.write(encodeRecords([record]))
  }

  end(): void {
    this.#cancelHeartbeat()
    this.#records.end()
  }

  /** Notes that nobody reads any more. Harmless when repeated or after `end`. */
  close(reason: string): void {
    this.#records.close(reason)
  }

  #planHeartbeat(): Cancel {
    return this.#clock.wakeAt(this.#clock.now() + HEARTBEAT_MS, () => {
      this.event({ kind: "heartbeat" })
      this.#cancelHeartbeat = this.#planHeartbeat()
    })
  }
}
