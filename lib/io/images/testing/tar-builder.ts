import { BLOCK } from "#lib/io/images/tar/header.ts"

/** An entry to put into an archive; names are written as they are. */
export type BuiltEntry = {
  readonly path: string
  /** The character of the header: "0" a file, "2" a symbolic link, "5" a directory. */
  readonly type?: string
  readonly content?: string | Uint8Array
  readonly link?: string
  readonly mode?: number
  readonly uid?: number
  readonly gid?: number
  readonly modifiedAt?: number
  readonly device?: readonly [major: number, minor: number]
  /** Records of an extended header that goes before the entry. */
  readonly pax?: Readonly<Record<string, string | Uint8Array>>
  /** What the header says of the size, where that is not true. */
  readonly size?: number
}

/** A tar archive with these entries, for tests. */
export const buildTar = (entries: readonly BuiltEntry[]): Buffer =>
  Buffer.concat([...entries.flatMap(entryParts), Buffer.alloc(2 * BLOCK)])

/** The parts of one entry: its headers, content and padding. */
function entryParts(entry: BuiltEntry): readonly Buffer[] {
  const content = Buffer.from(entry.content ?? "")
  const parts = [header(entry, content.length), content, padding(content.length)]
  if (entry.pax === undefined) return parts
  const records = Buffer.concat(Object.entries(entry.pax).map(([key, value]) => record(key, value)))
  return [...entryParts({ path: "pax", type: "x", content: records }), ...parts]
}

const padding = (size: number): Buffer => Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK)

function record(key: string, value: string | Uint8Array): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), Buffer.from(value), Buffer.from("\n")])
  let length = rest.length + 1
  while (String(length).length + rest.length !== length) length++
  return Buffer.concat([Buffer.from(String(length)), rest])
}

function header(entry: BuiltEntry, contentSize: number): Buffer {
  const block = Buffer.alloc(BLOCK)
  const octal = (value: number, at: number, length: number): void => {
    block.write(value.toString(8).padStart(length - 1, "0"), at, "latin1")
  }
  const { type = "0", mode = type === "5" ? 0o755 : 0o644, device = [0, 0] } = entry
  block.write(entry.path, 0, 100, "latin1")
  octal(mode, 100, 8)
  octal(entry.uid ?? 0, 108, 8)
  octal(entry.gid ?? 0, 116, 8)
  octal(entry.size ?? contentSize, 124, 12)
  octal(entry.modifiedAt ?? 1_000_000_000, 136, 12)
  block.write(type, 156, "latin1")
  block.write(entry.link ?? "", 157, 100, "latin1")
  block.write("ustar\x0000", 257, "latin1")
  octal(device[0], 329, 8)
  octal(device[1], 337, 8)
  block.fill(" ", 148, 156)
  block.write(
    `${block
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, "0")}\0 `,
    148,
  )
  return block
}
