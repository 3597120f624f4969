import { open } from "node:fs/promises"
import { Stall } from "#lib/io/host/stall.ts"
import type { Descriptor } from "#lib/io/images/core/manifest.ts"
import { ImageProblem } from "#lib/io/images/problem.ts"
import { Passing } from "./transport.ts"

/** The text of a small answer. Fails when it is larger than allowed. */
export async function readText(response: Response, bytesMax: number): Promise<string> {
  const parts: Uint8Array[] = []
  let size = 0
  const body: AsyncIterable<Uint8Array> | null = response.body
  for await (const part of body ?? []) {
    size += part.length
    if (size > bytesMax)
      throw new ImageProblem("corrupt", `an answer has more than the ${bytesMax} bytes allowed`)
    parts.push(part)
  }
  return Buffer.concat(parts).toString("utf8")
}

/** The digest of bytes, by the algorithm that another digest names. */
export const digestLike = (digest: string, bytes: string | Uint8Array): string => {
  const algorithm = algorithmOf(digest)
  return `${algorithm}:${new Bun.CryptoHasher(algorithm).update(bytes).digest("hex")}`
}

const algorithmOf = (digest: string): "sha256" | "sha512" =>
  digest.startsWith("sha512:") ? "sha512" : "sha256"

/** A blob on its way to a file. */
export type BlobRequest = {
  readonly blob: Descriptor
  /** A file that does not exist yet. */
  readonly path: string
  /** Without a byte for this long it is given up. */
  readonly stallMs: number
  readonly signal: AbortSignal
}

/**
 * Writes an answer to a file and verifies size and digest on the way. Throws `Passing` when the
 * connection is cut, `ImageProblem` when what came is something else.
 */
export async function saveBlob(
  fetchIt: (signal: AbortSignal) => Promise<Response>,
  { blob, path, stallMs, signal }: BlobRequest,
): Promise<void> {
  const stall = new Stall(stallMs, signal)
  const hash = new Bun.CryptoHasher(algorithmOf(blob.digest))
  let size = 0
  try {
    const response = await fetchIt(stall.signal)
    const file = await open(path, "w", 0o600)
    try {
      const body: AsyncIterable<Uint8Array> | null = response.body
      for await (const part of body ?? []) {
        stall.alive()
        size += part.length
        if (size > blob.size) throw wrongSize(blob, `more than ${blob.size} bytes`)
        hash.update(part)
        await file.writeFile(part)
      }
    } finally {
      await file.close()
    }
    if (size < blob.size)
      throw new Passing(`${blob.digest} ended after ${size} of ${blob.size} bytes`)
  } catch (cause) {
    if (stall.isOver && !signal.aborted) throw new Passing(stall.reason.message)
    throw isNetwork(cause) ? new Passing(`the connection was cut: ${cause.message}`) : cause
  } finally {
    stall.end()
  }
  const found = `${algorithmOf(blob.digest)}:${hash.digest("hex")}`
  if (found !== blob.digest)
    throw new ImageProblem("corrupt", `the registry sent ${found} for the blob ${blob.digest}`)
}

const wrongSize = (blob: Descriptor, what: string): ImageProblem =>
  new ImageProblem("corrupt", `the registry sent ${what} for ${blob.digest}`)

/** Whether a failure came from reading the answer; that of a disk has the name of its call. */
function isNetwork(cause: unknown): cause is Error {
  if (!(cause instanceof Error) || cause instanceof Passing || cause instanceof ImageProblem)
    return false
  return !("syscall" in cause) && cause.name !== "AbortError"
}
