import { isObject, type Codec, type Members } from "./codec.ts"
import type { Decoding } from "./decoding.ts"

/** One field of a message, ready to use. */
export type FieldPlan = {
  /** Its name in JSON. */
  readonly wire: string
  /** Its name in our types. */
  readonly name: string
  readonly required: boolean
  readonly repeated: boolean
  readonly codec: Codec
  /** Written when the field is unset. */
  readonly fallback: unknown
}

/** A plan with what decoding looks up. */
type Compiled = {
  readonly fields: readonly FieldPlan[]
  readonly byWire: ReadonlyMap<string, FieldPlan>
  readonly requiredCount: number
}

const compile = (fields: readonly FieldPlan[]): Compiled => ({
  fields,
  byWire: new Map(fields.map((field) => [field.wire, field])),
  requiredCount: fields.filter((field) => field.required).length,
})

/** Notes which required field is not there. */
function failMissing(fields: readonly FieldPlan[], json: Members, decoding: Decoding): undefined {
  for (const { wire, required } of fields) {
    if (!required || (json[wire] !== undefined && json[wire] !== null)) continue
    decoding.fail("missing", "is required but absent")
    return decoding.inside(wire)
  }
  return undefined
}

/** A message with these fields. The plan is asked for at first use, as messages may contain themselves. */
export function messageCodec(plan: () => readonly FieldPlan[]): Codec {
  let compiled: Compiled | undefined
  return {
    decode(json, decoding) {
      if (!isObject(json)) return decoding.expected("an object", json)
      if (!decoding.enter()) return undefined
      const { fields, byWire, requiredCount } = (compiled ??= compile(plan()))
      const out: Record<string, unknown> = {}
      let missing = requiredCount
      // Most messages set few of their fields: what is there is looked at, not what could be.
      for (const wire in json) {
        const raw = json[wire]
        const field = byWire.get(wire)
        if (field === undefined || raw === undefined || raw === null) continue
        const value = field.codec.decode(raw, decoding)
        if (value === undefined) {
          if (!decoding.failed && field.required) decoding.expected("a known name", raw)
          if (decoding.failed) return decoding.inside(wire)
          continue
        }
        out[field.name] = value
        if (field.required) missing--
      }
      if (missing > 0) return failMissing(fields, json, decoding)
      decoding.leave()
      return out
    },
    encode(value, form) {
      const source = value as Members
      const out: Record<string, unknown> = {}
      for (const field of (compiled ??= compile(plan())).fields) {
        const member = source[field.name]
        if (member === undefined) {
          if (field.fallback !== undefined) out[field.wire] = field.fallback
          continue
        }
        const empty = field.repeated && (member as readonly unknown[]).length === 0
        if (!empty) out[field.wire] = field.codec.encode(member, form)
        else if (field.fallback !== undefined) out[field.wire] = []
      }
      return out
    },
  }
}

/** An array; elements that count as unset, such as enum names of a later version, are left out. */
export const repeatedCodec = (element: Codec): Codec => ({
  decode(json, decoding) {
    if (!Array.isArray(json)) return decoding.expected("an array", json)
    const out: unknown[] = []
    for (let i = 0; i < json.length; i++) {
      const value = element.decode(json[i], decoding)
      if (decoding.failed) return decoding.inside(i)
      if (value !== undefined) out.push(value)
    }
    return out
  },
  encode: (value, form) => (value as readonly unknown[]).map((each) => element.encode(each, form)),
})

/** An object whose keys are data. */
export const mapCodec = (element: Codec): Codec => ({
  decode(json, decoding) {
    if (!isObject(json)) return decoding.expected("an object", json)
    const out: [string, unknown][] = []
    for (const [key, raw] of Object.entries(json)) {
      if (raw === null) continue
      const value = element.decode(raw, decoding)
      if (decoding.failed) return decoding.inside(key)
      if (value !== undefined) out.push([key, value])
    }
    return Object.fromEntries(out)
  },
  encode: (value, form) =>
    Object.fromEntries(
      Object.entries(value as Members).map(([key, each]) => [key, element.encode(each, form)]),
    ),
})

/** An enum: its names; a name of a later version counts as unset. */
export function enumCodec(names: readonly string[]): Codec {
  const known = new Set(names)
  return {
    decode(json, decoding) {
      if (typeof json !== "string") return decoding.expected("the name of an enum value", json)
      return known.has(json) ? json : undefined
    },
    encode: (value) => value,
  }
}
