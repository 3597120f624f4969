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
 * A blob that comes into its file by one connection after the other: what is there need not come again.
 * Size and digest are verified on the way.
 */
export class BlobFile {
  readonly #request: BlobRequest
  #hash: Bun.CryptoHasher
  #size = 0

  constructor(request: BlobRequest) {
    this.#request = request
    this.#hash = new Bun.CryptoHasher(algorithmOf(request.blob.digest))
  }

  /** Bytes that have come. */
  get size(): number {
    return this.#size
  }

  /**
   * Brings what is missing; `ask` gets the offset to ask for. Throws `Passing` when the connection is
   * cut, `ImageProblem` when what came is something else.
   */
  async bring(ask: (offset: number, signal: AbortSignal) => Promise<Response>): Promise<void> {
    const { blob, stallMs, signal } = this.#request
    const stall = new Stall(stallMs, signal)
    const offset = this.#size
    try {
      await this.#append(await ask(offset, stall.signal), stall)
    } catch (cause) {
      if (stall.isOver && !signal.aborted) throw new Passing(stall.reason.message)
      throw isNetwork(cause) ? new Passing(`the connection was cut: ${cause.message}`) : cause
    } finally {
      stall.end()
    }
    const found = `${algorithmOf(blob.digest)}:${this.#hash.digest("hex")}`
    if (found === blob.digest) return
    const what = `the registry sent ${found} for the blob ${blob.digest}`
    this.#beginAnew()
    throw offset > 0 ? new Passing(what) : new ImageProblem("corrupt", what)
  }

  async #append(response: Response, stall: Stall): Promise<void> {
    const { blob, path } = this.#request
    // A server that does not know of parts sends all; one that sends another part is not used.
    const isPart = response.status !== 200
    if (!isPart || beginOf(response) !== this.#size) this.#beginAnew()
    if (isPart && this.#size === 0) {
      await response.body?.cancel()
      throw new Passing(`the registry did not send ${blob.digest} from where it was cut`)
    }
    const file = await open(path, isPart ? "a" : "w", 0o600)
    try {
      const body: AsyncIterable<Uint8Array> | null = response.body
      for await (const part of body ?? []) {
        stall.alive()
        if (this.#size + part.length > blob.size)
          throw wrongSize(blob, `more than ${blob.size} bytes`)
        this.#hash.update(part)
        await file.writeFile(part)
        this.#size += part.length
      }
    } finally {
      await file.close()
    }
    if (this.#size < blob.size)
      throw new Passing(`${blob.digest} ended after ${this.#size} of ${blob.size} bytes`)
  }

  #beginAnew(): void {
    this.#hash = new Bun.CryptoHasher(algorithmOf(this.#request.blob.digest))
    this.#size = 0
  }
}

/** The offset of the part of a blob that an answer has. */
function beginOf(response: Response): number | undefined {
  const [, begin] = /^bytes (\d+)-/.exec(response.headers.get("content-range") ?? "") ?? []
  return response.status === 206 && begin !== undefined ? Number(begin) : undefined
}

const wrongSize = (blob: Descriptor, what: string): ImageProblem =>
  new ImageProblem("corrupt", `the registry sent ${what} for ${blob.digest}`)

/** Whether a failure came from reading the answer; that of a disk has the name of its call. */
function isNetwork(cause: unknown): cause is Error {
  if (!(cause instanceof Error) || cause instanceof Passing || cause instanceof ImageProblem)
    return false
  return !("syscall" in cause) && cause.name !== "AbortError"
}
