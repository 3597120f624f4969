import { BadLayer } from "./bad-layer.ts"
import type { ExtendedAttribute, RawHeader } from "./header.ts"

/** What records of an extended header say of the next entry. */
export type PaxRecords = ReadonlyMap<string, Buffer>

const ATTRIBUTE = "SCHILY.xattr."

/** Parses records of the form "length key=value\n". Values are bytes: capabilities are no text. */
export function parsePax(data: Buffer): PaxRecords {
  const records = new Map<string, Buffer>()
  let at = 0
  while (at < data.length) {
    const space = data.indexOf(0x20, at)
    const digits = space < 0 ? "" : data.toString("latin1", at, space)
    const end = at + Number(digits)
    const equals = data.indexOf(0x3d, space)
    if (!/^\d{1,9}$/.test(digits) || end > data.length || equals < 0 || equals >= end)
      throw new BadLayer("an extended header is damaged")
    if (data[end - 1] !== 0x0a) throw new BadLayer("an extended header is damaged")
    records.set(data.toString("latin1", space + 1, equals), data.subarray(equals + 1, end - 1))
    at = end
  }
  return records
}

/** The header with what the records say instead. An empty value takes a record back. */
export function applyPax(header: RawHeader, records: PaxRecords): RawHeader {
  for (const key of records.keys())
    if (key.startsWith("GNU.sparse."))
      throw new BadLayer(`'${header.path}' is a sparse file, which layers do not have`)
  return {
    ...header,
    path: textOf(records, "path") ?? header.path,
    linkPath: textOf(records, "linkpath") ?? header.linkPath,
    size: wholeOf(records, "size") ?? header.size,
    uid: wholeOf(records, "uid") ?? header.uid,
    gid: wholeOf(records, "gid") ?? header.gid,
    modifiedAt: numberOf(records, "mtime") ?? header.modifiedAt,
  }
}

/** The extended attributes among the records. */
export const attributesOf = (records: PaxRecords): readonly ExtendedAttribute[] =>
  [...records].flatMap(([key, value]) =>
    key.startsWith(ATTRIBUTE) ? [{ name: key.slice(ATTRIBUTE.length), value }] : [],
  )

function textOf(records: PaxRecords, key: string): string | undefined {
  const value = records.get(key)
  return value === undefined || value.length === 0 ? undefined : value.toString("latin1")
}

function numberOf(records: PaxRecords, key: string): number | undefined {
  const text = textOf(records, key)
  if (text === undefined) return undefined
  if (!/^-?\d{1,15}(?:\.\d*)?$/.test(text)) throw new BadLayer(`an entry has no proper ${key}`)
  return Number(text)
}

function wholeOf(records: PaxRecords, key: string): number | undefined {
  const value = numberOf(records, key)
  if (value === undefined) return undefined
  if (!Number.isSafeInteger(value) || value < 0) throw new BadLayer(`an entry has no proper ${key}`)
  return value
}
