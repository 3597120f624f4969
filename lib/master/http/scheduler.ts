import {
  acceptedType,
  contentType,
  decodeMessage,
  loadProtobuf,
  readBody,
  type DecodeError,
  type FrameworkId,
  type FrameworkInfo,
  type MediaType,
  type ReservationForm,
  type scheduler,
} from "#lib/mesos/index.ts"
import type { Result } from "#lib/std/result.ts"
import type { MasterReply, OtherCall, StreamId } from "#lib/master/core/types.ts"
import { admit, type Caller } from "./admission.ts"
import { callProblem } from "./call-validation.ts"
import { EventStream } from "./event-stream.ts"
import type { MasterHttpOptions } from "./ports.ts"
import { refuse } from "#lib/std/refuse.ts"

const STREAM_ID = "mesos-stream-id"

/** Bytes a scheduler may leave unread: room for one offer of every agent of the largest cluster. */
const STREAM_BUFFER_BYTES = 64 * 1024 * 1024

/** The longest Mesos-Stream-Id that is looked at. */
const STREAM_ID_LENGTH = 128

/** A request of a scheduler that passed the gate. */
type Admitted = Caller & { readonly request: Request }

/**
 * POST /api/v1/scheduler. The checks come in the order of Mesos, as clients tell refusals apart by
 * their status. Source: apache/mesos: src/master/http.cpp (Master::Http::scheduler).
 */
export async function serveScheduler(
  options: MasterHttpOptions,
  request: Request,
): Promise<Response> {
  const caller = await admit(options, { method: "POST", realm: "scheduler" }, request)
  if (caller instanceof Response) return caller
  const admitted: Admitted = { request, principal: caller.principal }
  const type = contentType(request.headers.get("content-type"))
  if (!type.ok) return refuse(type.error.status, type.error.message)
  const body = await readBody(request, type.value, "mesos.v1.scheduler.Call")
  if (!body.ok) return refuse(400, body.error)
  const json = body.value
  const decoded = decodeMessage("mesos.v1.scheduler.Call", json)
  if (!decoded.ok && decoded.error.code === "unknownType")
    return refuseUnknownType(options, admitted, json)
  const problem = problemOf(decoded, caller.principal)
  if (problem !== undefined || !decoded.ok)
    return refuse(400, `Failed to validate scheduler::Call: ${problem}`)
  const call = decoded.value
  if (call.kind !== "subscribe" && call.kind !== "reconcileOperations")
    return perform(options, admitted, call)
  const accepted = acceptedType(request.headers.get("accept"))
  if (!accepted.ok) return refuse(406, accepted.error)
  return call.kind === "subscribe"
    ? subscribe(options, admitted, call, accepted.value)
    : perform(options, admitted, call)
}

const problemOf = (
  decoded: Result<scheduler.Call, DecodeError>,
  principal: string | undefined,
): string | undefined =>
  decoded.ok ? callProblem(decoded.value, principal) : decoded.error.message

async function subscribe(
  options: MasterHttpOptions,
  { request, principal }: Admitted,
  call: Extract<scheduler.Call, { readonly kind: "subscribe" }>,
  type: MediaType,
): Promise<Response> {
  const { master, clock, log } = options
  if (request.headers.has(STREAM_ID))
    return refuse(400, "Subscribe calls should not include the 'Mesos-Stream-Id' header")
  const protobuf = type === "application/x-protobuf" ? await loadProtobuf() : undefined
  const { kind: _, frameworkId, ...body } = call
  const opened: { id: StreamId | undefined } = { id: undefined }
  const stream = new EventStream({
    form: () => formOf(options, opened.id, body.frameworkInfo.capabilities ?? []),
    protobuf,
    limitBytes: options.streamBufferBytes ?? STREAM_BUFFER_BYTES,
    onClosed: (reason) => {
      log.write("info", "scheduler stream closed", { framework: body.frameworkInfo.name, reason })
      // The driver may be the one that is calling: it hears of it in a turn of its own.
      clock.soon(() => void (opened.id !== undefined && master.closeStream(opened.id)))
    },
  })
  const id = master.subscribe({ frameworkId, subscribe: body, principal }, stream)
  opened.id = id
  if (id === undefined) return refuse(503, "The master is overloaded or stopping")
  const { signal } = request
  const gone = (): void => stream.close("the client closed the connection")
  if (signal.aborted) gone()
  else signal.addEventListener("abort", gone)
  return new Response(stream.body, {
    headers: { "content-type": type, "mesos-stream-id": id },
  })
}

/** What the framework understands now; until the master has taken it in, what it claimed. */
function formOf(
  { master }: MasterHttpOptions,
  stream: StreamId | undefined,
  claimed: NonNullable<FrameworkInfo["capabilities"]>,
): ReservationForm {
  const framework = stream === undefined ? undefined : master.view.frameworkOfStream(stream)
  const refines =
    framework?.capabilities.has("RESERVATION_REFINEMENT") ??
    claimed.some(({ type }) => type === "RESERVATION_REFINEMENT")
  return refines ? "new" : "old"
}

const streamOf = (request: Request): StreamId | undefined =>
  request.headers.get(STREAM_ID)?.slice(0, STREAM_ID_LENGTH) as StreamId | undefined

/**
 * All calls but one are answered within the turn of the event loop that read them, since clients
 * pipeline them (Mesos' own C++ library does) and the server cuts a connection that sends a request
 * before the one ahead of it is answered. UPDATE_FRAMEWORK tells its outcome, which takes another turn.
 */
async function perform(
  { master }: MasterHttpOptions,
  { request, principal }: Admitted,
  call: OtherCall,
): Promise<Response> {
  const { frameworkId } = call
  if (frameworkId === undefined) return refuse(400, "Expecting 'framework_id' to be present")
  const sent = { frameworkId, stream: streamOf(request), call, principal }
  const reply = call.kind === "updateFramework" ? await update(master, sent) : master.take(sent)
  return refuse(reply.status, reply.message ?? "")
}

/** A framework that was there when the call came may be removed before its turn. */
async function update(
  master: MasterHttpOptions["master"],
  sent: Parameters<typeof master.call>[0],
): Promise<MasterReply> {
  const refusal = master.view.callRefusal(sent)
  if (refusal !== undefined) return refusal
  const reply = await master.call(sent)
  return master.view.frameworks.has(sent.frameworkId)
    ? reply
    : { status: 409, message: "Framework was removed while the call was processed" }
}

/** Type UNKNOWN passes all checks before anyone notices that there is nothing to do: 501 comes last. */
function refuseUnknownType(
  { master }: MasterHttpOptions,
  { request, principal }: Admitted,
  json: unknown,
): Response {
  const named = (json as { readonly framework_id?: { readonly value?: unknown } }).framework_id
  if (typeof named?.value !== "string")
    return refuse(400, "Failed to validate scheduler::Call: Expecting 'framework_id' to be present")
  const frameworkId = named.value as FrameworkId
  const refusal = master.view.callRefusal({ frameworkId, stream: streamOf(request), principal })
  return refusal === undefined
    ? refuse(501, "Calls of type UNKNOWN are not implemented")
    : refuse(refusal.status, refusal.message ?? "")
}
