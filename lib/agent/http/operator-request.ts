import {
  acceptedType,
  contentType,
  decodeMessage,
  parseBody,
  readBody,
  type agent as v1,
  type MediaType,
} from "#lib/mesos/index.ts"
import { err, ok, type Result } from "#lib/std/result.ts"
import { RecordReader } from "./record-reader.ts"

const CALL = "mesos.v1.agent.Call"
const RECORDIO = "application/recordio"

/** A call that may be answered. */
export type AgentCall = {
  readonly call: v1.Call
  /** As on the wire, such as "GET_STATE". */
  readonly type: string
  /** How to encode the answer, or its records. */
  readonly accepted: MediaType
  /** Set when the answer is asked for as "application/recordio". */
  readonly asRecords?: true | undefined
  /** The calls that follow in a streamed request. */
  readonly more?: CallStream | undefined
}

/** Calls of a streamed request, after the first. */
export interface CallStream {
  /** The next call; undefined at the end of the request. */
  next(): Promise<Result<v1.Call | undefined, CallRefusal>>
  /** Gives the rest of the request up. */
  cancel(): void
}

/** Why a request is no call: an HTTP status and what to say with it. */
export type CallRefusal = { readonly status: number; readonly message: string }

/**
 * Reads a call of the operator API, of a stream the first record. The checks come in the order of
 * Mesos. Source: apache/mesos: src/slave/http.cpp (Http::api, Http::_api).
 */
export async function readCall(request: Request): Promise<Result<AgentCall, CallRefusal>> {
  const streamed = mediaType(request.headers.get("content-type")) === RECORDIO
  const body = await (streamed ? readStream(request) : readWhole(request))
  if (!body.ok) return body
  const { json, more } = body.value
  const decoded = decodeMessage(CALL, json)
  if (!decoded.ok && decoded.error.code !== "unknownType")
    return refused(400, `Failed to validate agent::Call: ${decoded.error.message}`)
  const kind = decoded.ok ? decoded.value.kind : undefined
  const accepted = answerType(request.headers, kind)
  if (!accepted.ok) return accepted
  if (!decoded.ok) return refused(501, "Calls of type UNKNOWN are not implemented")
  const { type } = json as { readonly type: string }
  if (streamed !== (kind === "attachContainerInput"))
    return refused(
      415,
      streamed
        ? `Streaming 'Content-Type' ${RECORDIO} is not supported for ${type} call`
        : `Expecting 'Content-Type' to be ${RECORDIO} for ${type} call`,
    )
  const rest = more === undefined ? {} : { more }
  return ok({ call: decoded.value, type, ...accepted.value, ...rest })
}

const refused = (status: number, message: string): Result<never, CallRefusal> =>
  err({ status, message })

const mediaType = (header: string | null): string | undefined =>
  header?.split(";")[0]?.trim().toLowerCase()

/** The first call of a body as parsed JSON, and what follows it. */
type Body = { readonly json: unknown; readonly more?: CallStream }

async function readWhole(request: Request): Promise<Result<Body, CallRefusal>> {
  const type = contentType(request.headers.get("content-type"))
  if (!type.ok) return type
  if (request.headers.has("message-content-type"))
    return refused(415, "Expecting 'Message-Content-Type' to be not set for non-streaming requests")
  const body = await readBody(request, type.value, CALL)
  return body.ok ? ok({ json: body.value }) : refused(400, body.error)
}

async function readStream({ headers, body }: Request): Promise<Result<Body, CallRefusal>> {
  const given = headers.get("message-content-type")
  if (given === null)
    return refused(400, "Expecting 'Message-Content-Type' to be set for streaming requests")
  const type = contentType(given)
  if (!type.ok)
    return refused(
      415,
      `Expecting 'Message-Content-Type' of application/json or application/x-protobuf, not '${given}'`,
    )
  const records = new RecordReader(body)
  const json = await nextJson(records, type.value)
  if (!json.ok) return json
  if (json.value === undefined)
    return refused(400, "Expecting a record in the body of a streaming request")
  return ok({ json: json.value, more: callStream(records, type.value) })
}

/** The next record as parsed JSON; undefined at the end. */
async function nextJson(
  records: RecordReader,
  type: MediaType,
): Promise<Result<unknown, CallRefusal>> {
  const record = await records.next()
  if (!record.ok) return refused(400, `Failed to read a record: ${record.error}`)
  if (record.value === undefined) return ok(undefined)
  const json = await parseBody(record.value, type, CALL)
  return json.ok ? json : refused(400, json.error)
}

const callStream = (records: RecordReader, type: MediaType): CallStream => ({
  cancel: () => records.cancel(),
  next: async () => {
    const json = await nextJson(records, type)
    if (!json.ok || json.value === undefined) return json.ok ? ok(undefined) : json
    const decoded = decodeMessage(CALL, json.value)
    if (decoded.ok) return ok(decoded.value)
    return refused(400, `Failed to validate agent::Call: ${decoded.error.message}`)
  },
})

/** Answers of these calls are streams of records. */
const STREAMING: ReadonlySet<string | undefined> = new Set<v1.Call["kind"]>([
  "attachContainerOutput",
  "launchNestedContainerSession",
])

function answerType(
  headers: Headers,
  kind: string | undefined,
): Result<Pick<AgentCall, "accepted" | "asRecords">, CallRefusal> {
  // Clients of DC/OS name the media type of the records beside that of the stream.
  const types = (headers.get("accept") ?? "").split(",").map(mediaType)
  const asRecords =
    types.includes(RECORDIO) && (types.length === 1 || headers.has("message-accept"))
  if (!asRecords && headers.has("message-accept"))
    return refused(406, "Expecting 'Message-Accept' to be not set for non-streaming responses")
  if (asRecords && !STREAMING.has(kind))
    return refused(406, `Streaming response is not supported: 'Accept' is ${RECORDIO}`)
  const accepted = acceptedType(headers.get(asRecords ? "message-accept" : "accept"))
  if (!accepted.ok) return refused(406, accepted.error)
  return ok({ accepted: accepted.value, ...(asRecords ? { asRecords } : {}) })
}
