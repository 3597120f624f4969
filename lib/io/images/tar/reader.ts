import { BadLayer } from "./bad-layer.ts"
import { BLOCK, parseHeader } from "./header.ts"
import type { RawHeader, TarEntry, TarKind } from "./header.ts"
import { applyPax, attributesOf, parsePax } from "./pax.ts"
import type { PaxRecords } from "./pax.ts"

/** Hears of the entries of an archive in their order. What it throws ends the reading. */
export interface TarSink {
  entry(entry: TarEntry): void
  /** A piece of the content of the entry before; only valid during the call. */
  data(piece: Buffer): void
  /** All of the content of the entry has come. */
  end(): void
}

/** Longest extended header or long name: Linux takes names of 4 KiB and attributes of 64 KiB. */
const EXTENSION_BYTES_MAX = 1024 * 1024

const NO_RECORDS: PaxRecords = new Map()

const kinds: Readonly<Record<string, TarKind>> = {
  "\0": "file",
  "0": "file",
  "1": "hardlink",
  "2": "symlink",
  "3": "characterDevice",
  "4": "blockDevice",
  "5": "directory",
  "6": "fifo",
  // A contiguous file: a file, wherever that means nothing.
  "7": "file",
}

/**
 * Reads a tar archive (v7, ustar, GNU, PAX) that comes in pieces of any size. Throws `BadLayer` when it
 * is none. Libraries give extended attributes as text, which breaks file capabilities: hence our own.
 */
export class TarReader {
  readonly #sink: TarSink
  readonly #block = Buffer.alloc(BLOCK)
  #filled = 0
  #state: "header" | "content" | "extension" | "skip" | "done" = "header"
  /** Bytes of content, and then of padding, that are still to come. */
  #left = 0
  #padding = 0
  #extension: { readonly type: string; readonly data: Buffer } | undefined
  #records = NO_RECORDS
  #longPath: string | undefined
  #longLink: string | undefined

  constructor(sink: TarSink) {
    this.#sink = sink
  }

  /** Takes the next piece. */
  push(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length && this.#state !== "done")
      at +=
        this.#left > 0
          ? this.#content(chunk.subarray(at, at + this.#left))
          : this.#padding > 0
            ? this.#pad(chunk.length - at)
            : this.#header(chunk.subarray(at))
  }

  /** Says that no more will come; throws when the archive is cut off. What its makers leave out of the end counts. */
  finish(): void {
    if (this.#state === "done") return
    const isWhole = this.#state === "header" && this.#filled === 0 && this.#padding === 0
    if (!isWhole || this.#isExtended) throw new BadLayer("it ends in the middle of an entry")
  }

  get #isExtended(): boolean {
    return (
      this.#records !== NO_RECORDS || this.#longPath !== undefined || this.#longLink !== undefined
    )
  }

  #content(piece: Buffer): number {
    this.#left -= piece.length
    if (this.#state === "content") {
      this.#sink.data(piece)
      if (this.#left === 0) this.#sink.end()
    }
    if (this.#state === "extension" && this.#extension !== undefined) {
      const { data } = this.#extension
      piece.copy(data, data.length - this.#left - piece.length)
      if (this.#left === 0) this.#extend(this.#extension.type, data)
    }
    if (this.#left === 0) this.#state = "header"
    return piece.length
  }

  #pad(available: number): number {
    const skipped = Math.min(this.#padding, available)
    this.#padding -= skipped
    return skipped
  }

  #header(rest: Buffer): number {
    const taken = rest.copy(this.#block, this.#filled, 0, BLOCK - this.#filled)
    this.#filled += taken
    if (this.#filled < BLOCK) return taken
    this.#filled = 0
    const header = parseHeader(this.#block)
    if (header === undefined) {
      if (this.#isExtended) throw new BadLayer("it ends behind an extended header")
      this.#state = "done"
    } else if ("xgLK".includes(header.type)) this.#beginExtension(header)
    else this.#beginEntry(header)
    return taken
  }

  #expect(state: "content" | "extension" | "skip", size: number): void {
    this.#state = state
    this.#left = size
    this.#padding = (BLOCK - (size % BLOCK)) % BLOCK
  }

  #beginExtension({ type, size }: RawHeader): void {
    // Global records name the commit that git made an archive of, say: nothing for a file system.
    if (type === "g") {
      this.#expect("skip", size)
      if (size === 0) this.#state = "header"
      return
    }
    if (size > EXTENSION_BYTES_MAX)
      throw new BadLayer(`an extended header has ${size} bytes, ${EXTENSION_BYTES_MAX} are allowed`)
    this.#extension = { type, data: Buffer.alloc(size) }
    this.#expect("extension", size)
    if (size > 0) return
    this.#extend(type, this.#extension.data)
    this.#state = "header"
  }

  #extend(type: string, data: Buffer): void {
    this.#extension = undefined
    if (type === "x") {
      this.#records = parsePax(data)
      return
    }
    const end = data.indexOf(0)
    const name = data.toString("latin1", 0, end < 0 ? data.length : end)
    if (type === "L") this.#longPath = name
    else this.#longLink = name
  }

  #beginEntry(raw: RawHeader): void {
    const header = applyPax(
      { ...raw, path: this.#longPath ?? raw.path, linkPath: this.#longLink ?? raw.linkPath },
      this.#records,
    )
    const attributes = attributesOf(this.#records)
    this.#records = NO_RECORDS
    this.#longPath = this.#longLink = undefined
    const { type, path, linkPath } = header
    const kind = kinds[type]
    if (kind === undefined) throw new BadLayer(`'${path}' is of the unsupported kind '${type}'`)
    if (path === "" || path.includes("\0") || linkPath.includes("\0"))
      throw new BadLayer("an entry has no proper name")
    if (!Number.isFinite(header.modifiedAt) || Number.isNaN(header.mode))
      throw new BadLayer(`'${path}' has no proper time or mode`)
    // Only files have content, whatever size a header tells: links tell that of what they point to.
    const size = kind === "file" ? header.size : 0
    const { mode, uid, gid, modifiedAt, deviceMajor, deviceMinor } = header
    const entry = { kind, path, linkPath, size, mode, uid, gid }
    this.#sink.entry({ ...entry, modifiedAt, deviceMajor, deviceMinor, attributes })
    this.#expect("content", entry.size)
    if (entry.size > 0) return
    this.#state = "header"
    this.#sink.end()
  }
}
