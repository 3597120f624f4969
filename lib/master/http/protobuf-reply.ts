import { loadProtobuf, type Protobuf } from "#lib/mesos/index.ts"
import type { Clock } from "#lib/ports/index.ts"
import { LazyList, LazyObject } from "./lazy-json.ts"

/** Bytes serialized per turn of the event loop: a few milliseconds of work. */
const PIECE_LENGTH = 64 * 1024

/** Answers with a message in protobuf, given in its JSON form. Long lists in it cost no long turn. */
export async function replyProtobuf(
  message: string,
  value: object | LazyObject,
  clock: Clock,
): Promise<Response> {
  const serializer = new LazySerializer(await loadProtobuf(), clock)
  const pieces = await serializer.message(message, value)
  return new Response(new Blob([...pieces]), {
    headers: { "content-type": "application/x-protobuf" },
  })
}

/**
 * Serializes what is rendered lazily, element by element. What stands before a message is its length,
 * so all of it is in memory before the first byte can go.
 */
class LazySerializer {
  readonly #protobuf: Protobuf
  readonly #clock: Clock
  #sinceTurn = 0

  constructor(protobuf: Protobuf, clock: Clock) {
    this.#protobuf = protobuf
    this.#clock = clock
  }

  async message(name: string, value: object): Promise<readonly Bytes[]> {
    if (!(value instanceof LazyObject)) return [await this.#piece(name, value)]
    const pieces: Bytes[] = []
    const plain: Record<string, unknown> = {}
    for (const [member, each] of Object.entries(value.members)) {
      if (each instanceof LazyObject) pieces.push(...(await this.#member(name, member, each)))
      else if (each instanceof LazyList) {
        const list: LazyList<unknown> = each
        // A list of one, serialized alone, is one element with all that belongs before it.
        for (const item of list.items)
          pieces.push(await this.#piece(name, { [member]: [list.render(item)] }))
      } else plain[member] = each
    }
    pieces.push(await this.#piece(name, plain))
    return pieces
  }

  async #member(name: string, member: string, value: LazyObject): Promise<readonly Bytes[]> {
    const pieces = await this.message(this.#protobuf.memberType(name, member), value)
    const length = pieces.reduce((total, piece) => total + piece.length, 0)
    return [this.#protobuf.memberHead(name, member, length) as Bytes, ...pieces]
  }

  async #piece(name: string, json: object): Promise<Bytes> {
    if (this.#sinceTurn > PIECE_LENGTH) {
      this.#sinceTurn = 0
      await new Promise<void>((resume) => this.#clock.soon(resume))
    }
    const bytes = this.#protobuf.fromJson(name, json as Readonly<Record<string, unknown>>)
    this.#sinceTurn += bytes.length
    return bytes as Bytes
  }
}

/** Bytes of their own, not shared with other threads, as a Blob wants them. */
type Bytes = Uint8Array<ArrayBuffer>
