/**
 * Frames of the link between agent and master. A text frame is a JSON array of messages for the
 * machines. A binary frame belongs to the tunnel that carries HTTP requests from the master to the
 * agent's API: four bytes of request number (big endian), one byte of type, then the payload.
 * Neither side sends bytes of a body without the other's credit: a slow reader costs no memory.
 */

/** What a binary frame means for the request it names. */
export const tunnelType = {
  /** Master to agent, JSON: method, path with query, headers, body in base64. */
  request: 1,
  /** Agent to master, JSON: status and headers. */
  head: 2,
  /** Agent to master: bytes of the body. */
  data: 3,
  /** Agent to master: the body is complete. */
  end: 4,
  /** Either way: give the request up. */
  abort: 5,
  /** Master to agent: one `data` frame was taken; permits another. */
  credit: 6,
  /** Master to agent: bytes of the request's body, where it is streamed. */
  requestData: 7,
  /** Master to agent: the request's body is complete. */
  requestEnd: 8,
  /** Agent to master: permits one `requestData` frame. */
  requestCredit: 9,
} as const

/** One of the values of `tunnelType`. */
export type TunnelType = (typeof tunnelType)[keyof typeof tunnelType]

/** A decoded tunnel frame. */
export type TunnelFrame = {
  readonly request: number
  readonly type: TunnelType
  readonly payload: Uint8Array
}

/** Content of a `request` frame. */
export type TunnelRequest = {
  readonly method: string
  readonly path: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** Base64; absent when the request has no body. */
  readonly body?: string | undefined
  /** Set when the body follows in frames of its own. */
  readonly streamed?: true | undefined
}

/** Content of a `head` frame. */
export type TunnelHead = {
  readonly status: number
  readonly headers: readonly (readonly [name: string, value: string])[]
}

const HEAD_BYTES = 5
const encoder = new TextEncoder()
const decoder = new TextDecoder()
const types: ReadonlySet<number> = new Set(Object.values(tunnelType))

/** Encodes one tunnel frame. */
export function encodeTunnelFrame(
  request: number,
  type: TunnelType,
  payload: Uint8Array = new Uint8Array(),
): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(HEAD_BYTES + payload.length)
  new DataView(frame.buffer).setUint32(0, request)
  frame[4] = type
  frame.set(payload, HEAD_BYTES)
  return frame
}

/** Encodes a tunnel frame whose payload is JSON. */
export const encodeTunnelJson = (
  request: number,
  type: TunnelType,
  value: TunnelRequest | TunnelHead,
): Uint8Array<ArrayBuffer> =>
  encodeTunnelFrame(request, type, encoder.encode(JSON.stringify(value)))

/** Decodes a tunnel frame; undefined when it is none. */
export function decodeTunnelFrame(frame: Uint8Array): TunnelFrame | undefined {
  const type = frame[4]
  if (type === undefined || !types.has(type)) return undefined
  const request = new DataView(frame.buffer, frame.byteOffset).getUint32(0)
  return { request, type: type as TunnelType, payload: frame.subarray(HEAD_BYTES) }
}

/** The JSON of a payload that our own peer wrote. */
export const decodeTunnelJson = <T extends TunnelRequest | TunnelHead>(payload: Uint8Array): T =>
  JSON.parse(decoder.decode(payload)) as T
