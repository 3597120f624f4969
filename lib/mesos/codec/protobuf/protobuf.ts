import protobufjs from "protobufjs/light.js"
import { assert, must } from "#lib/std/assert.ts"
import { err, ok, type Result } from "#lib/std/result.ts"
import fields from "#lib/mesos/v1/fields.json" with { type: "json" }
import type { ReservationForm } from "#lib/mesos/codec/codec.ts"
import type { DecodeError } from "#lib/mesos/codec/decoding.ts"
import { decodeMessage, encodeMessage, type Messages } from "#lib/mesos/codec/messages.ts"
import type { Table } from "#lib/mesos/codec/shape.ts"
import { describeMessage } from "./descriptors.ts"

const table = fields as unknown as Table

/** The JSON form of a message. */
type Json = Readonly<Record<string, unknown>>

/** The wire type of strings, bytes and messages. */
const LENGTH_DELIMITED = 2

/**
 * Fields of a message, with those of the messages in it, at most. One may take two bytes on the wire
 * and two hundred once it is read; a call that names 100,000 tasks has half a million.
 */
const FIELDS_MAX = 2_000_000

/** Enum values by name, bytes as base64, 64-bit integers as the nearest number: the form of our JSON. */
const jsonForm = { enums: String, bytes: String, longs: Number } as const

/*
 * The library turns bytes into base64 and back in a loop over them: a message of 15 MiB to an executor
 * would hold up the master for half a second. The platform's own way takes a twentieth of that.
 */
Object.assign(protobufjs.util.base64, {
  // Defaults of fields come as plain lists.
  encode: (bytes: ArrayLike<number>, start: number, end: number): string =>
    (bytes instanceof Uint8Array ? bytes : Uint8Array.from(bytes)).subarray(start, end).toBase64(),
  decode: (text: string, into: Uint8Array, offset: number): number =>
    into.subarray(offset).setFromBase64(text).written,
})

/** Reads the fields of one message, up to a number of them. */
class BoundedReader extends protobufjs.Reader {
  #fields = 0

  override tag(): number {
    if (++this.#fields > FIELDS_MAX) throw new Error(`more than ${FIELDS_MAX} fields`)
    return super.tag()
  }
}

/**
 * Messages as protobuf, by way of their JSON form, which `lib/mesos/codec` reads and writes: what a
 * message may say is decided there, for both encodings alike.
 */
export class Protobuf {
  readonly #types = new Map<string, protobufjs.Type>()

  /** Reads a message. Fails as `decodeMessage` does, and with "invalid" for bytes that are none. */
  decode<Name extends keyof Messages>(
    name: Name,
    bytes: Uint8Array,
  ): Result<Messages[Name], DecodeError> {
    const json = this.toJson(name, bytes)
    return json.ok ? decodeMessage(name, json.value) : json
  }

  /** The bytes of a message. */
  encode<Name extends keyof Messages>(
    name: Name,
    message: Messages[Name],
    form: ReservationForm = "new",
  ): Uint8Array {
    return this.fromJson(name, encodeMessage(name, message, form))
  }

  /**
   * The JSON form of a serialized message. Unknown fields and enum values are left out, required
   * fields may be missing. Fails with "invalid" when the bytes are cut, malformed, nest
   * too deep, or have too many fields.
   */
  toJson(name: string, bytes: Uint8Array): Result<Json, DecodeError> {
    const type = this.#type(name)
    try {
      return ok(type.toObject(type.decode(new BoundedReader(bytes)), jsonForm))
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause)
      return err({ code: "invalid", path: "", message })
    }
  }

  /** Serializes the JSON form of a message, or a part of one: required fields may be missing. */
  fromJson(name: string, json: Json): Uint8Array {
    const type = this.#type(name)
    return type.encode(type.fromObject(json)).finish()
  }

  /** The full name of the message that a member of another is. */
  memberType(name: string, member: string): string {
    const type = this.#member(name, member).resolvedType
    assert(type instanceof protobufjs.Type, `${name}.${member} is a message`)
    return type.fullName.slice(1)
  }

  /** What stands before the bytes of a message that is a member of another: its tag and length. */
  memberHead(name: string, member: string, length: number): Uint8Array {
    const tag = (this.#member(name, member).id << 3) | LENGTH_DELIMITED
    return protobufjs.Writer.create().uint32(tag).uint32(length).finish()
  }

  #member(name: string, member: string): protobufjs.Field {
    return must(this.#type(name).fields[member], `${name} has no member ${member}`).resolve()
  }

  /** Descriptors are made of what is used, when it is used: all of them would take 100 ms. */
  #type(name: string): protobufjs.Type {
    let type = this.#types.get(name)
    if (type === undefined) {
      type = protobufjs.Root.fromJSON(describeMessage(table, name)).lookupType(name)
      this.#types.set(name, type)
    }
    return type
  }
}
