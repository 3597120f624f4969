import type { ContainerStreams } from "#lib/ports/index.ts"

/** Collects what a container writes, as it comes; `done` resolves at its end. */
export function collect(streams: ContainerStreams) {
  const seen = { stdout: "", stderr: "" }
  const done = (async () => {
    for await (const { stream, data } of streams.output)
      seen[stream] += new TextDecoder().decode(data)
  })()
  return { seen, done }
}

/** The bytes of a text. */
export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
