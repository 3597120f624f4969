import { loadProtobuf } from "#lib/mesos/codec/protobuf/load.ts"
import { err, ok, type Result } from "#lib/std/result.ts"
import type { MediaType } from "./negotiation.ts"

/** The calls of clients, by their full name on the wire. */
export type CallMessage =
  | "mesos.v1.scheduler.Call"
  | "mesos.v1.executor.Call"
  | "mesos.v1.master.Call"
  | "mesos.v1.agent.Call"

/**
 * The body of a request as the JSON form of a message, in whichever encoding it comes. Fails (for
 * status 400) with what is wrong with it.
 */
export async function readBody(
  request: Request,
  type: MediaType,
  message: CallMessage,
): Promise<Result<unknown, string>> {
  switch (type) {
    case "application/json":
      return parseJson(await request.text())
    case "application/x-protobuf":
      return parseProtobuf(new Uint8Array(await request.arrayBuffer()), message)
    default:
      return type satisfies never
  }
}

/** As `readBody`, of bytes that are there already, such as one record of a stream. */
export function parseBody(
  bytes: Uint8Array,
  type: MediaType,
  message: CallMessage,
): Promise<Result<unknown, string>> {
  switch (type) {
    case "application/json":
      return Promise.resolve(parseJson(new TextDecoder().decode(bytes)))
    case "application/x-protobuf":
      return parseProtobuf(bytes, message)
    default:
      return type satisfies never
  }
}

function parseJson(text: string): Result<unknown, string> {
  try {
    return ok(JSON.parse(text) as unknown)
  } catch {
    return err("Failed to parse body into JSON")
  }
}

async function parseProtobuf(bytes: Uint8Array, message: string): Promise<Result<unknown, string>> {
  const json = (await loadProtobuf()).toJson(message, bytes)
  return json.ok ? json : err(`Failed to parse body into Call protobuf: ${json.error.message}`)
}
