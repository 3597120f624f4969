import {
  enumNames,
  mapValueType,
  resolveType,
  type Field,
  type Table,
} from "#lib/mesos/codec/shape.ts"
import { scalarDecoders } from "#lib/mesos/codec/scalars.ts"
import { must } from "#lib/std/assert.ts"

/** A field as protobufjs reads it; its name is the key. */
type FieldJson = {
  readonly id: number
  readonly type: string
  readonly rule?: "repeated"
  readonly keyType?: "string"
}

/** A package, a message or an enum as protobufjs reads it. */
export type DescriptorJson = {
  readonly nested: Record<string, DescriptorJson>
  edition?: "proto2"
  fields?: Record<string, FieldJson>
  oneofs?: Record<string, { readonly oneof: readonly string[] }>
  values?: Readonly<Record<string, number>>
}

const duration = "google.protobuf.Duration"

/** Source: google/protobuf/duration.proto. */
const durationFields = {
  seconds: { id: 1, type: "int64" },
  nanos: { id: 2, type: "int32" },
} as const

/**
 * A message of the field table with all that it refers to, as one tree of protobufjs descriptors.
 * Required fields are described as optional: that one is missing is found, and named by its path, by
 * the codec of the JSON form.
 */
export function describeMessage(table: Table, full: string): DescriptorJson {
  const root: DescriptorJson = { nested: {} }
  addType(root, table, full)
  return root
}

function addType(root: DescriptorJson, table: Table, full: string): void {
  const node = nodeAt(root, full)
  if (node.edition !== undefined) return
  node.edition = "proto2"
  if (full === duration) {
    node.fields = durationFields
    return
  }
  const message = must(table[full], `no message ${full} in the field table`)
  if (enumNames(table, full) !== undefined) {
    node.values = message["enum"] as unknown as Record<string, number>
    return
  }
  node.fields = {}
  const choices: string[] = []
  for (const [name, field] of Object.entries(message)) {
    const { type, json } = describeField(table, full, field)
    node.fields[name] = json
    if (field[2] === "oneof") choices.push(name)
    if (type !== undefined) addType(root, table, type)
  }
  // No message of the table has more than one choice, which so needs no name of its own.
  if (choices.length > 0) node.oneofs = { choice: { oneof: choices } }
}

function nodeAt(root: DescriptorJson, full: string): DescriptorJson {
  let node = root
  for (const part of full.split(".")) node = node.nested[part] ??= { nested: {} }
  return node
}

/** The field, and the full name of the type that it refers to, if any. */
function describeField(
  table: Table,
  scope: string,
  [id, type, label]: Field,
): { readonly type: string | undefined; readonly json: FieldJson } {
  const mapped = mapValueType(type)
  const value = mapped ?? type
  const referred =
    scalarDecoders[value] === undefined ? referredType(table, value, scope) : undefined
  const json = { id, type: referred === undefined ? value : `.${referred}` }
  if (mapped !== undefined) return { type: referred, json: { ...json, keyType: "string" } }
  return { type: referred, json: label === "repeated" ? { ...json, rule: "repeated" } : json }
}

const referredType = (table: Table, type: string, scope: string): string =>
  type === duration
    ? duration
    : must(resolveType(table, type, scope), `unknown type ${type} in ${scope}`)
