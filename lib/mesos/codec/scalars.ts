import type { Decoding } from "./decoding.ts"

/** Reads one JSON value; undefined after a failure, or when the value counts as unset. */
export type Decode = (json: unknown, decoding: Decoding) => unknown

const integerPattern = /^[+-]?\d+$/
const base64Pattern = /^[A-Za-z0-9+/]*={0,2}$/

/** Bounds of the integer types; those of 64 bits only as near as a double comes. */
const bounds: Readonly<Record<string, readonly [min: number, max: number]>> = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
  int64: [-(2 ** 63), 2 ** 63],
  uint64: [0, 2 ** 64],
}

const decodeInteger =
  (type: string, [min, max]: readonly [number, number]): Decode =>
  (json, decoding) => {
    const value = typeof json === "string" && integerPattern.test(json) ? Number(json) : json
    if (typeof value !== "number" || !Number.isInteger(value))
      return decoding.expected("a whole number", json)
    return value >= min && value <= max ? value : decoding.expected(`a number of ${type}`, json)
  }

/** A string as it is. */
export const decodeString: Decode = (json, decoding) =>
  typeof json === "string" ? json : decoding.expected("a string", json)

/** A number but NaN, a numeric string, or one of the strings that stand for infinity. */
export const decodeDouble: Decode = (json, decoding) => {
  if (typeof json === "number")
    return Number.isNaN(json) ? decoding.expected("a number", json) : json
  if (json === "Infinity" || json === "-Infinity") return Number(json)
  if (typeof json !== "string" || json.trim() === "") return decoding.expected("a number", json)
  const value = Number(json)
  return Number.isFinite(value) ? value : decoding.expected("a number", json)
}

const decodeBool: Decode = (json, decoding) => {
  if (typeof json === "boolean") return json
  if (json === "true") return true
  return json === "false" ? false : decoding.expected("true or false", json)
}

const decodeBytes: Decode = (json, decoding) =>
  typeof json === "string" && json.length % 4 === 0 && base64Pattern.test(json)
    ? json
    : decoding.expected("base64 with padding", json)

/** Readers of the scalar types of protobuf. */
export const scalarDecoders: Readonly<Record<string, Decode>> = {
  string: decodeString,
  bytes: decodeBytes,
  bool: decodeBool,
  double: decodeDouble,
  ...Object.fromEntries(
    Object.entries(bounds).map(([type, range]) => [type, decodeInteger(type, range)]),
  ),
}

/** JSON has no infinity: a string stands for it, and null where our own links and stores had one. */
export const encodeDouble = (value: unknown): unknown =>
  value === Infinity || value === null ? "Infinity" : value === -Infinity ? "-Infinity" : value

/** How many bytes a base64 text with padding stands for. */
export function base64Length(text: string): number {
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0
  return (text.length / 4) * 3 - padding
}
