import { BadLayer } from "./bad-layer.ts"

/** Bytes of a header, and what entries are padded to. */
export const BLOCK = 512

/** What an entry is. */
export type TarKind =
  | "file"
  | "directory"
  | "symlink"
  | "hardlink"
  | "characterDevice"
  | "blockDevice"
  | "fifo"

/**
 * One entry of a tar archive. Names are bytes, and have one character for each: an archive does not
 * say how they are encoded.
 */
export type TarEntry = {
  readonly kind: TarKind
  readonly path: string
  /** What a link points to; empty for other kinds. */
  readonly linkPath: string
  /** Bytes of content that follow; 0 for all but files. */
  readonly size: number
  /** Permissions with setuid, setgid and sticky bit. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Seconds since 1970, with fractions. */
  readonly modifiedAt: number
  readonly deviceMajor: number
  readonly deviceMinor: number
  readonly attributes: readonly ExtendedAttribute[]
}

/** An extended attribute: name and bytes. */
export type ExtendedAttribute = { readonly name: string; readonly value: Buffer }

/** A header as it stands in its block: the type is a character. */
export type RawHeader = Omit<TarEntry, "kind" | "attributes"> & { readonly type: string }

/** Reads the header of a block, or nothing when the block is all zeros, as the last two are. */
export function parseHeader(block: Buffer): RawHeader | undefined {
  if (block.every((byte) => byte === 0)) return undefined
  if (readNumber(block, 148, 8) !== checksum(block))
    throw new BadLayer("it is no tar archive, or a damaged one: a header has a wrong checksum")
  const isUstar = text(block, 257, 6) === "ustar" && block[262] === 0
  const prefix = isUstar ? text(block, 345, 155) : ""
  const name = text(block, 0, 100)
  const type = String.fromCharCode(block[156] ?? 0)
  return {
    // Before POSIX, a name that ends in a slash was what makes a directory.
    type: (type === "\0" || type === "0") && name.endsWith("/") ? "5" : type,
    path: prefix === "" ? name : `${prefix}/${name}`,
    linkPath: text(block, 157, 100),
    size: whole(readNumber(block, 124, 12), "size"),
    mode: readNumber(block, 100, 8) & 0o7777,
    uid: whole(readNumber(block, 108, 8), "owner"),
    gid: whole(readNumber(block, 116, 8), "group"),
    modifiedAt: readNumber(block, 136, 12),
    deviceMajor: whole(readNumber(block, 329, 8), "device"),
    deviceMinor: whole(readNumber(block, 337, 8), "device"),
  }
}

/** The sum of all bytes, those of the checksum taken as spaces. */
function checksum(block: Buffer): number {
  let sum = 8 * 32
  for (let at = 0; at < BLOCK; at++) if (at < 148 || at >= 156) sum += block[at] ?? 0
  return sum
}

function text(block: Buffer, at: number, length: number): string {
  const end = block.indexOf(0, at)
  return block.toString("latin1", at, end < 0 || end > at + length ? at + length : end)
}

/** A number in octal digits, or, as GNU and star write large ones, in base 256 behind a set bit. */
function readNumber(block: Buffer, at: number, length: number): number {
  const first = block[at] ?? 0
  if ((first & 0x80) === 0) {
    const digits = text(block, at, length).trim()
    if (digits === "") return 0
    return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN
  }
  const isNegative = (first & 0x40) !== 0
  let value = isNegative ? (first & 0x7f) - 0x80 : first & 0x7f
  for (let index = 1; index < length; index++) value = value * 256 + (block[at + index] ?? 0)
  return value
}

function whole(value: number, what: string): number {
  if (!Number.isSafeInteger(value) || value < 0)
    throw new BadLayer(`an entry has no proper ${what}`)
  return value
}
