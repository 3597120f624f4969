import { createReadStream } from "node:fs"
import type { Readable } from "node:stream"
import { createGunzip, createZstdDecompress } from "node:zlib"
import { errorCode, errorText } from "#lib/io/host/files.ts"
import { BadLayer } from "#lib/io/images/tar/bad-layer.ts"
import { TarReader } from "#lib/io/images/tar/reader.ts"
import { LayerWriter } from "./layer-writer.ts"
import { openLibc } from "./libc.ts"

/** What became of a layer, as the process that unpacks it prints it. */
export type UnpackReport =
  | {
      readonly kind: "unpacked"
      /** SHA-256 of the tar archive that was inside, in hexadecimal digits. */
      readonly sha256: string
      /** Bytes on the disk. */
      readonly bytes: number
      readonly entries: number
    }
  | {
      readonly kind: "failed"
      readonly reason: "badLayer" | "diskFull" | "unable" | "fault"
      readonly message: string
    }

/** Large enough that the cost of a turn does not show, small enough for many processes at once. */
const CHUNK_BYTES = 256 * 1024

const magic = [
  { name: "gzip", bytes: [0x1f, 0x8b] },
  { name: "zstd", bytes: [0x28, 0xb5, 0x2f, 0xfd] },
  { name: "bzip2", bytes: [0x42, 0x5a, 0x68] },
  { name: "xz", bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a] },
] as const

/**
 * Unpacks the layer on standard input into a directory that exists, and is empty. Makes that directory
 * the root of this process, for good: whatever an entry is called and wherever links lead, the kernel
 * lets nothing outside be named. So this is for a process that does nothing else. It ends with its
 * parent, which has that number.
 */
export async function unpackLayer(directory: string, parent: number): Promise<UnpackReport> {
  try {
    const libc = openLibc()
    libc.dieWithParent()
    if (process.ppid !== parent) throw new Error("the agent that started this is gone")
    libc.chroot(Buffer.from(directory))
    process.chdir("/")
    process.umask(0)
    const hash = new Bun.CryptoHasher("sha256")
    const writer = new LayerWriter(libc)
    const reader = new TarReader(writer)
    const input = createReadStream("", { fd: 0, highWaterMark: CHUNK_BYTES })
    for await (const chunk of decompressed(input)) {
      hash.update(chunk)
      reader.push(chunk)
    }
    reader.finish()
    writer.finish()
    const { bytes, entries } = writer
    return { kind: "unpacked", sha256: hash.digest("hex"), bytes, entries }
  } catch (cause) {
    return { kind: "failed", ...explain(cause) }
  }
}

async function* decompressed(input: Readable): AsyncGenerator<Buffer> {
  const chunks = input[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  const first = await chunks.next()
  if (first.done === true) return
  const kind = magic.find(({ bytes }) => bytes.every((byte, at) => first.value[at] === byte))?.name
  if (kind === "bzip2" || kind === "xz")
    throw new BadLayer(`it is packed with ${kind}; layers may be plain, gzip or zstd`)
  async function* whole(): AsyncGenerator<Buffer> {
    yield first.value
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next())
      yield next.value
  }
  if (kind === undefined) {
    yield* whole()
    return
  }
  const options = { chunkSize: CHUNK_BYTES, highWaterMark: CHUNK_BYTES }
  const unpacker = kind === "gzip" ? createGunzip(options) : createZstdDecompress(options)
  const feeding = feed(whole(), unpacker)
  feeding.catch((cause: unknown) => unpacker.destroy(cause as Error))
  yield* unpacker as AsyncIterable<Buffer>
  await feeding
}

async function feed(
  chunks: AsyncIterable<Buffer>,
  unpacker: NodeJS.WritableStream & { destroy(cause: Error): void },
): Promise<void> {
  for await (const chunk of chunks)
    if (!unpacker.write(chunk)) await new Promise((resolve) => unpacker.once("drain", resolve))
  unpacker.end()
}

function explain(cause: unknown): Omit<Extract<UnpackReport, { kind: "failed" }>, "kind"> {
  const message = errorText(cause)
  if (cause instanceof BadLayer) return { reason: "badLayer", message }
  const code = errorCode(cause)
  if (code === undefined) return { reason: "fault", message }
  if (code === "ENOSPC" || code === "EDQUOT") return { reason: "diskFull", message }
  if (["EPERM", "EOPNOTSUPP", "ENOTSUP", "EIO", "EROFS"].includes(code))
    return { reason: "unable", message }
  return /^(?:Z_|ZSTD_|ERR_ZLIB|ERR_ZSTD)/.test(code)
    ? { reason: "badLayer", message: `it cannot be decompressed: ${message}` }
    : // What an entry asks for and the kernel refuses: a name too long, links in a circle.
      { reason: "badLayer", message }
}
