import type { Clock } from "#lib/ports/index.ts"
import { Chunks } from "./chunks.ts"

/** An object whose members are written one after another, so that long lists inside cost no long turn. */
export class LazyObject {
  readonly members: Readonly<Record<string, unknown>>

  constructor(members: Readonly<Record<string, unknown>>) {
    this.members = members
  }
}

/** A list whose elements are rendered only when they are written. */
export class LazyList<T> {
  readonly items: readonly T[]
  readonly render: (item: T) => unknown

  constructor(items: Iterable<T>, render: (item: T) => unknown) {
    this.items = [...items]
    this.render = render
  }
}

/** A value whose JSON text is there already. */
export class JsonText {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** Text written per turn of the event loop: about a millisecond of work. */
const PIECE_LENGTH = 128 * 1024

/** The JSON text of a value in small pieces; undefined members are left out. */
export function* jsonPieces(value: unknown): Generator<string, void, undefined> {
  if (value instanceof LazyList) {
    const list: LazyList<unknown> = value
    yield "["
    for (let i = 0; i < list.items.length; i++) {
      if (i > 0) yield ","
      const element = list.render(list.items[i])
      if (element instanceof JsonText) yield element.text
      else if (isLazy(element)) yield* jsonPieces(element)
      else yield JSON.stringify(element)
    }
    yield "]"
  } else if (value instanceof LazyObject) {
    let separator = "{"
    for (const [name, member] of Object.entries(value.members)) {
      if (member === undefined) continue
      yield `${separator}${JSON.stringify(name)}:`
      if (isLazy(member)) yield* jsonPieces(member)
      else yield JSON.stringify(member)
      separator = ","
    }
    yield separator === "{" ? "{}" : "}"
  } else yield JSON.stringify(value)
}

const isLazy = (value: unknown): boolean => value instanceof LazyList || value instanceof LazyObject

/** Milliseconds for one piece, whose elements may be short and yet take long to work out. */
const PIECE_MS = 10

/** Text up to the length of a piece, or what there is of it in time, and whether it was the last. */
function nextPiece(
  pieces: Iterator<string>,
  clock: Clock,
): { readonly text: string; readonly last: boolean } {
  const until = clock.now() + PIECE_MS
  let text = ""
  // At least one bit each time: a stream that is handed nothing does not ask again.
  do {
    const next = pieces.next()
    if (next.done === true) return { text, last: true }
    text += next.value
  } while (text.length < PIECE_LENGTH && clock.now() < until)
  return { text, last: false }
}

/** All of a JSON text as bytes, giving up its turn after every piece. */
export async function jsonBytes(pieces: Iterator<string>, clock: Clock): Promise<Chunks> {
  const encoder = new TextEncoder()
  const chunks = new Chunks()
  for (;;) {
    const piece = nextPiece(pieces, clock)
    chunks.push(encoder.encode(piece.text))
    if (piece.last) return chunks
    await new Promise<void>((resume) => clock.soon(resume))
  }
}

/**
 * A body of JSON text: short text at once, long text as a stream that gives up its turn after every
 * piece and goes on only as fast as it is read. Each object in it is true at the moment it is written.
 */
export function jsonBody(
  pieces: Iterator<string>,
  clock: Clock,
): string | ReadableStream<Uint8Array<ArrayBuffer>> {
  const first = nextPiece(pieces, clock)
  if (first.last) return first.text
  const encoder = new TextEncoder()
  let pending: string | undefined = first.text
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      if (pending === undefined) await new Promise<void>((resume) => clock.soon(resume))
      const piece =
        pending === undefined ? nextPiece(pieces, clock) : { text: pending, last: false }
      pending = undefined
      if (piece.text !== "") controller.enqueue(encoder.encode(piece.text))
      if (piece.last) controller.close()
    },
  })
}
