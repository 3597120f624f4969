import type { ContainerOutput } from "#lib/ports/index.ts"

/** A stream of bytes that a container writes, and which one it is. */
export type OutputSource = {
  readonly stream: ContainerOutput["stream"]
  readonly bytes: ReadableStream<Uint8Array>
}

/**
 * What several streams bring, in the order in which it comes; of each one piece is read ahead at most.
 * It ends with the last of them, or when `over` resolves and nothing more is there.
 */
export async function* mergeOutput(
  sources: readonly OutputSource[],
  over: Promise<void>,
): AsyncGenerator<ContainerOutput> {
  const readers = sources.map(({ stream, bytes }) => ({ stream, reader: readerOf(bytes) }))
  const pending = new Map(readers.map((each) => [each, read(each)]))
  const stop = over.then(() => undefined)
  try {
    while (pending.size > 0) {
      const next = await Promise.race([...pending.values(), stop])
      if (next === undefined) return
      if (next.piece === undefined) pending.delete(next.source)
      else {
        pending.set(next.source, read(next.source))
        yield next.piece
      }
    }
  } finally {
    for (const { reader } of readers) void reader.cancel().catch(() => undefined)
  }
}

type Source = {
  readonly stream: ContainerOutput["stream"]
  readonly reader: ReturnType<typeof readerOf>
}

const readerOf = (bytes: ReadableStream<Uint8Array>) => bytes.getReader()

async function read(
  source: Source,
): Promise<{ readonly source: Source; readonly piece: ContainerOutput | undefined }> {
  try {
    const { done, value } = await source.reader.read()
    if (done) return { source, piece: undefined }
    return { source, piece: { stream: source.stream, data: value } }
  } catch {
    return { source, piece: undefined }
  }
}
