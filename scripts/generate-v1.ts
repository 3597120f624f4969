/**
 * Writes the TypeScript types of the Mesos v1 API from its field table (lib/mesos/v1/fields.json):
 * `bun scripts/generate-v1.ts` prints nothing and rewrites lib/mesos/v1/{core,scheduler,…}.ts;
 * with `--check` it changes nothing and fails when a file is stale.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
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
} from "#lib/mesos/codec/shape.ts"

const folder = join(import.meta.dir, "../lib/mesos/v1")
const table = JSON.parse(readFileSync(join(folder, "fields.json"), "utf8")) as Table

const packages = ["scheduler", "executor", "master", "agent", "maintenance", "quota", "allocator"]

const scalars: Record<string, string> = {
  bool: "boolean",
  bytes: "string",
  string: "string",
  double: "number",
  int32: "number",
  int64: "number",
  uint32: "number",
  uint64: "number",
}

const packageOf = (full: string): string => {
  const part = full.split(".")[2] ?? ""
  return full.startsWith("mesos.v1.") && packages.includes(part) ? part : "core"
}

const typeName = (full: string): string =>
  full
    .replace("mesos.v1.", "")
    .split(".")
    .filter((part) => !packages.includes(part))
    .join("")
    .replace(
      /([A-Z])([A-Z]+)(?=[A-Z][a-z]|$)/g,
      (_, head: string, tail: string) => head + tail.toLowerCase(),
    )
    .replace("google", "Google")
    .replace("protobuf", "Protobuf")

function resolve(name: string, scope: string): string {
  const full = resolveType(table, name, scope)
  if (full === undefined) throw new Error(`unknown type ${name} in ${scope}`)
  return full
}

function render(type: string, scope: string, used: Set<string>): string {
  const mapped = mapValueType(type)
  if (mapped !== undefined) return `Readonly<Record<string, ${render(mapped, scope, used)}>>`
  if (scalars[type]) return scalars[type]
  if (type === "google.protobuf.Duration")
    return "{ readonly seconds: number; readonly nanos?: number | undefined }"
  const full = resolve(type, scope)
  used.add(full)
  return idMessages[full] ?? typeName(full)
}

function member(name: string, field: Field, scope: string, used: Set<string>): string {
  const [, type, label, fallback] = field
  const rendered = render(type, scope, used)
  const many = label === "repeated" && !type.startsWith("map<")
  const text = many ? `readonly ${rendered.includes(" ") ? `(${rendered})` : rendered}[]` : rendered
  const note = fallback === undefined ? "" : `  /** Default: ${fallback}. */\n`
  return label === "required"
    ? `  readonly ${camel(name)}: ${text}\n`
    : `${note}  readonly ${camel(name)}?: ${text} | undefined\n`
}

function renderUnion(full: string, message: Message, used: Set<string>): string {
  const kinds = (enumNames(table, `${full}.Type`) ?? []).filter((kind) => kind !== "UNKNOWN")
  const named = new Set(kinds.map((kind) => kind.toLowerCase()))
  const envelope = Object.entries(message).filter(([name]) => name !== "type" && !named.has(name))
  const head = envelope.map(([name, field]) => member(name, field, full, used)).join("")
  const arms = kinds.map((kind) => {
    const field = message[kind.toLowerCase()]
    const body = field ? ` & ${render(field[1], full, used)}` : ""
    return `  | ({ readonly kind: "${camel(kind)}" }${body})\n`
  })
  return `/** ${full}, discriminated by \`kind\` (the wire's \`type\` in camelCase). */\nexport type ${typeName(full)} = ${head ? `{\n${head}} & (\n${arms.join("")})` : `\n${arms.join("")}`}\n\n`
}

function renderMessage(full: string, message: Message, used: Set<string>): string {
  const values = enumNames(table, full)?.map((value) => `"${value}"`)
  if (values) return `/** ${full} */\nexport type ${typeName(full)} = ${values.join(" | ")}\n\n`
  if (unionMessages.has(full)) return renderUnion(full, message, used)
  const members = Object.entries(message).map(([name, field]) => member(name, field, full, used))
  const body = members.length > 0 ? `{\n${members.join("")}}` : "Readonly<Record<string, never>>"
  return `/** ${full} */\nexport type ${typeName(full)} = ${body}\n\n`
}

function renderPackage(name: string): string {
  const used = new Set<string>()
  const own = Object.keys(table)
    .filter((full) => packageOf(full) === name && !idMessages[full] && full !== "mesos.v1.Resource")
    .sort((a, b) => (a < b ? -1 : 1))
  const body = own.map((full) => renderMessage(full, table[full] as Message, used)).join("")
  const idNames = new Set<string>()
  const imports = new Map<string, Set<string>>()
  for (const full of used) {
    if (idMessages[full]) idNames.add(idMessages[full])
    else if (full === "mesos.v1.Resource") imports.set("../resource.ts", new Set(["Resource"]))
    else if (packageOf(full) !== name) {
      const from = `./${packageOf(full)}.ts`
      imports.set(from, (imports.get(from) ?? new Set()).add(typeName(full)))
    }
  }
  if (idNames.size > 0) imports.set("../ids.ts", idNames)
  const lines = [...imports]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([from, names]) => `import type { ${[...names].sort().join(", ")} } from "${from}"\n`)
  return `// Generated by scripts/generate-v1.ts from fields.json; do not edit.\n${lines.join("")}\n${body}`
}

const stale = ["core", ...packages].filter((name) => {
  const path = join(folder, `${name}.ts`)
  const text = `${renderPackage(name).trimEnd()}\n`
  if (process.argv.includes("--check")) return readFileSync(path, "utf8") !== text
  writeFileSync(path, text)
  return false
})
if (stale.length > 0) {
  console.error(`stale: lib/mesos/v1/{${stale.join(",")}}.ts; run npm run generate`)
  process.exit(1)
}
