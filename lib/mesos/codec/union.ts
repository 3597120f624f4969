import { isObject, type Codec, type Members } from "./codec.ts"
import type { FieldPlan } from "./message.ts"

/** One variant of a union by type. */
export type Variant = {
  /** The wire's `type`. */
  readonly type: string
  readonly kind: string
  /** The field that holds the variant's own message; absent when the type alone says it all. */
  readonly member: Pick<FieldPlan, "wire" | "codec"> | undefined
  /** Whether the member may be left out, which then means an empty message. */
  readonly memberOptional: boolean
}

/** What a union consists of. */
export type UnionPlan = {
  readonly variants: readonly Variant[]
  /** Fields beside `type` and the members, such as `framework_id`. */
  readonly envelope: readonly FieldPlan[]
  /** Whether a missing or unknown type counts as unset instead of failing. */
  readonly lenient: boolean
}

/** A message of the form `{type, <member>}`, which is a union by `kind` in our types. */
export function unionCodec(plan: () => UnionPlan): Codec {
  let compiled: ReturnType<typeof index> | undefined
  const parts = () => (compiled ??= index(plan()))
  return {
    decode(json, decoding) {
      if (!isObject(json)) return decoding.expected("an object", json)
      const { byType, envelope, lenient } = parts()
      const type = json["type"]
      const variant = typeof type === "string" ? byType.get(type) : undefined
      if (variant === undefined) {
        if (lenient) return undefined
        if (type === "UNKNOWN") return decoding.fail("unknownType", "the type is UNKNOWN")
        return decoding.fail("missing", "Expecting 'type' to be present")
      }
      if (!decoding.enter()) return undefined
      const out: Record<string, unknown> = { kind: variant.kind }
      for (const field of envelope) {
        const raw = json[field.wire]
        if (raw === undefined || raw === null) {
          if (!field.required) continue
          return decoding.fail("missing", `Expecting '${field.wire}' to be present`)
        }
        const value = field.codec.decode(raw, decoding)
        if (decoding.failed) return decoding.inside(field.wire)
        if (value !== undefined) out[field.name] = value
      }
      if (variant.member !== undefined) {
        const { wire, codec } = variant.member
        const raw = json[wire] ?? (variant.memberOptional ? {} : undefined)
        if (raw === undefined) return decoding.fail("missing", `Expecting '${wire}' to be present`)
        const body = codec.decode(raw, decoding)
        if (decoding.failed) return decoding.inside(wire)
        Object.assign(out, body)
      }
      decoding.leave()
      return out
    },
    encode(value, form) {
      const source = value as Members
      const { byKind, envelope } = parts()
      const variant = byKind.get(source["kind"] as string)
      if (variant === undefined) throw new Error(`unknown kind ${String(source["kind"])}`)
      const out: Record<string, unknown> = { type: variant.type }
      for (const field of envelope) {
        const member = source[field.name]
        if (member !== undefined) out[field.wire] = field.codec.encode(member, form)
      }
      if (variant.member !== undefined)
        out[variant.member.wire] = variant.member.codec.encode(value, form)
      return out
    },
  }
}

const index = ({ variants, envelope, lenient }: UnionPlan) => ({
  byType: new Map(variants.map((variant) => [variant.type, variant])),
  byKind: new Map(variants.map((variant) => [variant.kind, variant])),
  envelope,
  lenient,
})
