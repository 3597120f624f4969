import type { Socket } from "node:net"
import type { AgentToMaster, MasterToAgent, scheduler } from "#lib/mesos/index.ts"
import type { CallRequest, SubscribeRequest } from "#lib/master/index.ts"

/** What the load says to the master under test, over the one socket that stands for all links. */
export type ToMaster =
  | { readonly kind: "opened"; readonly link: number }
  | {
      readonly kind: "agent"
      readonly link: number
      readonly messages: readonly AgentToMaster[]
    }
  | { readonly kind: "subscribe"; readonly stream: number; readonly request: SubscribeRequest }
  | {
      readonly kind: "call"
      readonly stream: number
      readonly request: Omit<CallRequest, "stream">
    }
  /** Ask for a figure; answered by a reply of the same number. */
  | { readonly kind: "ask"; readonly id: number; readonly what: Question }

/** What can be asked of the process under test. */
export type Question =
  /** Reset the measured lag of its event loop. */
  | "resetLag"
  | "lag"
  /** Collect garbage now, then tell what the heap holds. */
  | "heap"
  | "snapshot"

/** How late timers were in the process under test, milliseconds. */
export type Lag = { readonly p50: number; readonly p99: number; readonly max: number }

/** What the master under test says to the load. */
export type FromMaster =
  | {
      readonly kind: "agent"
      readonly link: number
      readonly messages: readonly MasterToAgent[]
    }
  | {
      readonly kind: "events"
      readonly stream: number
      readonly events: readonly scheduler.Event[]
    }
  | { readonly kind: "refused"; readonly status: number; readonly message: string | undefined }
  | { readonly kind: "reply"; readonly id: number; readonly value: unknown }

/** Calls `take` for every line of JSON that the socket receives. */
export function readFrames<Frame>(socket: Socket, take: (frame: Frame) => void): void {
  let rest = ""
  socket.setEncoding("utf8")
  socket.on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n")
    rest = lines.pop() ?? ""
    for (const line of lines) take(JSON.parse(line) as Frame)
  })
}

/** A frame as it is written: a line of JSON. */
export const encodeFrame = (frame: FromMaster | ToMaster): string => `${JSON.stringify(frame)}\n`

/** Text handed to the socket at once. */
const PIECE_LENGTH = 256 * 1024

/** Writes frames as lines of JSON, in large pieces and only as fast as the other side reads. */
export class FrameWriter<Frame extends FromMaster | ToMaster> {
  readonly #socket: Socket
  #waiting: string[] = []
  #length = 0
  #pieces: string[] = []
  #writing = false

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on("drain", () => this.#writePieces())
  }

  write(frame: Frame): void {
    this.writeLine(encodeFrame(frame))
  }

  writeLine(line: string): void {
    if (this.#length === 0) queueMicrotask(() => this.#flush())
    this.#waiting.push(line)
    this.#length += line.length
    if (this.#length >= PIECE_LENGTH) this.#cut()
  }

  #cut(): void {
    if (this.#length > 0) this.#pieces.push(this.#waiting.join(""))
    this.#waiting = []
    this.#length = 0
  }

  #flush(): void {
    this.#cut()
    if (!this.#writing) this.#writePieces()
  }

  #writePieces(): void {
    this.#writing = true
    let written = 0
    for (const piece of this.#pieces) {
      written++
      if (!this.#socket.write(piece)) break
    }
    this.#writing = this.#socket.writableNeedDrain
    this.#pieces.splice(0, written)
  }
}
