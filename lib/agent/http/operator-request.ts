import {
  acceptedType,
  contentType,
  decodeMessage,
  parseBody,
  readBody,
  RecordDecoder,
  type agent as v1,
  type MediaType,
} from "#lib/mesos/index.ts"
import { err, ok, type Result } from "#lib/std/result.ts"

const CALL = "mesos.v1.agent.Call"
const RECORDIO = "application/recordio"

/** Bytes of one record of a streamed request at most. */
const RECORD_LIMIT_BYTES = 1024 * 1024

/** A call that may be answered. */
export type AgentCall = {
  readonly call: v1.Call
  /** As on the wire, such as "GET_STATE". */
  readonly type: string
  /** How to encode the answer, or its records. */
  readonly accepted: MediaType
}

/** Why a request is no call: an HTTP status and what to say with it. */
export type CallRefusal = { readonly status: number; readonly message: string }

/**
 * Reads a call of the operator API, of a stream the first record. The checks come in the order of
 * Mesos. Source: apache/mesos: src/slave/http.cpp (Http::api, Http::_api).
 */
export async function readCall(request: Request): Promise<Result<AgentCall, CallRefusal>> {
  const streamed = mediaType(request.headers.get("content-type")) === RECORDIO
  const json = await (streamed ? readStream(request) : readWhole(request))
  if (!json.ok) return json
  const decoded = decodeMessage(CALL, json.value)
  if (!decoded.ok && decoded.error.code !== "unknownType")
    return refused(400, `Failed to validate agent::Call: ${decoded.error.message}`)
  const kind = decoded.ok ? decoded.value.kind : undefined
  const accepted = answerType(request.headers, kind)
  if (!accepted.ok) return accepted
  if (!decoded.ok) return refused(501, "Calls of type UNKNOWN are not implemented")
  const { type } = json.value as { readonly type: string }
  if (streamed !== (kind === "attachContainerInput"))
    return refused(
      415,
      streamed
        ? `Streaming 'Content-Type' ${RECORDIO} is not supported for ${type} call`
        : `Expecting 'Content-Type' to be ${RECORDIO} for ${type} call`,
    )
  return ok({ call: decoded.value, type, accepted: accepted.value })
}

const refused = (status: number, message: string): Result<never, CallRefusal> =>
  err({ status, message })

const mediaType = (header: string | null): string | undefined =>
  header?.split(";")[0]?.trim().toLowerCase()

async function readWhole(request: Request): Promise<Result<unknown, CallRefusal>> {
  const type = contentType(request.headers.get("content-type"))
  if (!type.ok) return type
  if (request.headers.has("message-content-type"))
    return refused(415, "Expecting 'Message-Content-Type' to be not set for non-streaming requests")
  const body = await readBody(request, type.value, CALL)
  return body.ok ? body : refused(400, body.error)
}

async function readStream({ headers, body }: Request): Promise<Result<unknown, CallRefusal>> {
  const given = headers.get("message-content-type")
  if (given === null)
    return refused(400, "Expecting 'Message-Content-Type' to be set for streaming requests")
  const type = contentType(given)
  if (!type.ok)
    return refused(
      415,
      `Expecting 'Message-Content-Type' of application/json or application/x-protobuf, not '${given}'`,
    )
  const record = await firstRecord(body)
  if (!record.ok) return record
  const json = await parseBody(record.value, type.value, CALL)
  return json.ok ? json : refused(400, json.error)
}

async function firstRecord(
  body: ReadableStream<Uint8Array> | null,
): Promise<Result<Uint8Array, CallRefusal>> {
  const decoder = new RecordDecoder(RECORD_LIMIT_BYTES)
  for await (const chunk of body ?? []) {
    const records = decoder.push(chunk)
    if (!records.ok) return refused(400, `Failed to read a record: ${records.error.message}`)
    const [first] = records.value
    if (first !== undefined) return ok(first)
  }
  return refused(400, "Expecting a record in the body of a streaming request")
}

/** Answers of these calls are streams of records. */
const STREAMING: ReadonlySet<string | undefined> = new Set<v1.Call["kind"]>([
  "attachContainerOutput",
  "launchNestedContainerSession",
])

function answerType(headers: Headers, kind: string | undefined): Result<MediaType, CallRefusal> {
  const asRecords = mediaType(headers.get("accept")) === RECORDIO
  if (!asRecords && headers.has("message-accept"))
    return refused(406, "Expecting 'Message-Accept' to be not set for non-streaming responses")
  if (asRecords && !STREAMING.has(kind))
    return refused(406, `Streaming response is not supported: 'Accept' is ${RECORDIO}`)
  const accepted = acceptedType(headers.get(asRecords ? "message-accept" : "accept"))
  return accepted.ok ? accepted : refused(406, accepted.error)
}
