import { loadProtobuf, type Protobuf } from "#lib/mesos/index.ts"
import type { Clock } from "#lib/ports/index.ts"
import { Chunks, type Bytes } from "./chunks.ts"
import { LazyList, LazyObject } from "./lazy-json.ts"

/** Bytes serialized per turn of the event loop: a few milliseconds of work. */
const PIECE_LENGTH = 64 * 1024

/** Answers with a message in protobuf, given in its JSON form. Long lists in it cost no long turn. */
export async function replyProtobuf(
  message: string,
  value: object | LazyObject,
  clock: Clock,
): Promise<Response> {
  const chunks = await serialize(await loadProtobuf(), { message, value, clock })
  return new Response(new Blob([...chunks.take()]), {
    headers: { "content-type": "application/x-protobuf" },
  })
}

/** A message in protobuf, given in its JSON form, giving up its turn in between. */
export const serialize = (
  protobuf: Protobuf,
  what: { readonly message: string; readonly value: object | LazyObject; readonly clock: Clock },
): Promise<Chunks> => new LazySerializer(protobuf, what.clock).message(what.message, what.value)

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

  async message(name: string, value: object): Promise<Chunks> {
    const chunks = new Chunks()
    if (!(value instanceof LazyObject)) {
      await this.#add(chunks, name, value)
      return chunks
    }
    const plain: Record<string, unknown> = {}
    for (const [member, each] of Object.entries(value.members)) {
      if (each instanceof LazyObject) await this.#addMember(chunks, name, { member, value: each })
      else if (each instanceof LazyList) {
        const list: LazyList<unknown> = each
        // A list of one, serialized alone, is one element with all that belongs before it.
        for (const item of list.items)
          await this.#add(chunks, name, { [member]: [list.render(item)] })
      } else plain[member] = each
    }
    await this.#add(chunks, name, plain)
    return chunks
  }

  async #addMember(
    chunks: Chunks,
    name: string,
    { member, value }: { readonly member: string; readonly value: LazyObject },
  ): Promise<void> {
    const content = await this.message(this.#protobuf.memberType(name, member), value)
    chunks.push(this.#protobuf.memberHead(name, member, content.length) as Bytes)
    chunks.append(content)
  }

  async #add(chunks: Chunks, name: string, json: object): Promise<void> {
    if (this.#sinceTurn > PIECE_LENGTH) {
      this.#sinceTurn = 0
      await new Promise<void>((resume) => this.#clock.soon(resume))
    }
    const bytes = this.#protobuf.fromJson(name, json as Readonly<Record<string, unknown>>)
    this.#sinceTurn += bytes.length
    chunks.push(bytes as Bytes)
  }
}
