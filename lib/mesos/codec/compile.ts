import fields from "#lib/mesos/v1/fields.json" with { type: "json" }
import {
  camel,
  enumNames,
  idMessages,
  mapValueType,
  resolveType,
  unionMessages,
  type Field,
  type Message,
  type Table,
} from "./shape.ts"
import { assert, must } from "#lib/std/assert.ts"
import { isObject, type Codec } from "./codec.ts"
import { enumCodec, mapCodec, messageCodec, repeatedCodec, type FieldPlan } from "./message.ts"
import { resourceCodec } from "./resource.ts"
import { decodeString, encodeDouble, scalarDecoders } from "./scalars.ts"
import { unionCodec, type UnionPlan, type Variant } from "./union.ts"

const table = fields as unknown as Table
const compiled = new Map<string, Codec>()

/** Defaults of deprecated fields, which are not written. */
const silentDefaults = new Set(["mesos.v1.FrameworkInfo.role", "mesos.v1.Resource.role"])

/** Calls whose message may be left out. Source: apache/mesos: src/{master,slave}/validation.cpp. */
const memberOptional = new Set([
  "mesos.v1.agent.Call.GET_CONTAINERS",
  "mesos.v1.agent.Call.PRUNE_IMAGES",
  "mesos.v1.scheduler.Call.REVIVE",
  "mesos.v1.scheduler.Call.SUPPRESS",
])

/** Lists that are written even when empty. */
const listsAlways = /\.Response\.Get(Agents|Executors|Frameworks|Tasks)$/

/** The codec of a message or enum by its full name; compiled at first use and kept. */
export function codecOf(full: string): Codec {
  let codec = compiled.get(full)
  if (codec === undefined) {
    codec = compile(full)
    compiled.set(full, codec)
  }
  return codec
}

function compile(full: string): Codec {
  const names = enumNames(table, full)
  if (names !== undefined) return enumCodec(names)
  const message = must(table[full], `no message ${full} in the field table`)
  if (idMessages[full] !== undefined) return idCodec
  if (unionMessages.has(full)) return unionCodec(() => planUnion(full, message))
  const plain = messageCodec(() => planFields(full, Object.entries(message)))
  return full === "mesos.v1.Resource" ? resourceCodec(plain) : plain
}

/** `{"value": …}` on the wire, a string inside. */
const idCodec: Codec = {
  decode(json, decoding) {
    if (!isObject(json)) return decoding.expected("an object", json)
    const raw = json["value"]
    if (raw === undefined || raw === null) decoding.fail("missing", "is required but absent")
    const value = decodeString(raw, decoding)
    return decoding.failed ? decoding.inside("value") : value
  },
  encode: (value) => ({ value }),
}

const identity = (value: unknown): unknown => value

const durationFields = messageCodec(() => [
  plainField("seconds", scalarCodec("int64")),
  plainField("nanos", scalarCodec("int32")),
])

/** Of proto3, where what is not there is zero. Source: google/protobuf/duration.proto. */
const durationCodec: Codec = {
  decode(json, decoding) {
    const value = durationFields.decode(json, decoding) as object | undefined
    return value && { seconds: 0, ...value }
  },
  encode: durationFields.encode,
}

const plainField = (name: string, codec: Codec): FieldPlan => ({
  wire: name,
  name,
  required: false,
  repeated: false,
  codec,
  fallback: undefined,
})

const scalarCodec = (type: string): Codec => ({
  decode: must(scalarDecoders[type], `no scalar type ${type}`),
  encode: type === "double" ? encodeDouble : identity,
})

function typeCodec(type: string, scope: string): Codec {
  const mapped = mapValueType(type)
  if (mapped !== undefined) return mapCodec(typeCodec(mapped, scope))
  if (scalarDecoders[type] !== undefined) return scalarCodec(type)
  if (type === "google.protobuf.Duration") return durationCodec
  return codecOf(must(resolveType(table, type, scope), `unknown type ${type} in ${scope}`))
}

const planFields = (
  full: string,
  entries: readonly (readonly [string, Field])[],
): readonly FieldPlan[] => entries.map(([wire, field]) => planField(full, wire, field))

function planField(full: string, wire: string, [, type, label, fallback]: Field): FieldPlan {
  const repeated = label === "repeated" && mapValueType(type) === undefined
  const codec = typeCodec(type, full)
  return {
    wire,
    name: camel(wire),
    required: label === "required",
    repeated,
    codec: repeated ? repeatedCodec(codec) : codec,
    fallback:
      repeated && listsAlways.test(full) ? [] : defaultOf(`${full}.${wire}`, type, fallback),
  }
}

function defaultOf(field: string, type: string, text: string | undefined): unknown {
  if (text === undefined || silentDefaults.has(field)) return undefined
  if (scalarDecoders[type] === undefined) return text
  const value: unknown = JSON.parse(text)
  assert(typeof value !== "object", `the default of ${field} is no scalar`)
  return value
}

function planUnion(full: string, message: Message): UnionPlan {
  const types = must(enumNames(table, `${full}.Type`), `${full} has no type`)
  const isCall = full.endsWith(".Call")
  const variants: Variant[] = []
  const members = new Set(["type"])
  for (const type of types) {
    const wire = type.toLowerCase()
    const field = message[wire]
    members.add(wire)
    if (type === "UNKNOWN") continue
    variants.push({
      type,
      kind: camel(type),
      member: field === undefined ? undefined : { wire, codec: typeCodec(field[1], full) },
      memberOptional: !isCall || memberOptional.has(`${full}.${type}`),
    })
  }
  const envelope = Object.entries(message).filter(([wire]) => !members.has(wire))
  return {
    variants,
    envelope: planFields(full, envelope),
    lenient: full === "mesos.v1.Offer.Operation",
  }
}
