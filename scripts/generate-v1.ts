/**
 * Writes the TypeScript types of the Mesos v1 API from its field table (lib/mesos/v1/fields.json):
 * `bun scripts/generate-v1.ts` prints nothing and rewrites lib/mesos/v1/{core,scheduler,…}.ts;
 * with `--check` it changes nothing and fails when a file is stale.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"

type Field = readonly [number: number, type: string, label: string, fallback?: string]
/** A message (field name to field) or an enum (the one key "enum", holding name to number). */
type Message = Readonly<Record<string, Field>>

const folder = join(import.meta.dir, "../lib/mesos/v1")
const table = JSON.parse(readFileSync(join(folder, "fields.json"), "utf8")) as Record<
  string,
  Message
>

/** Messages that wrap one text, and the branded type that stands for them. */
const ids: Readonly<Record<string, string>> = {
  "mesos.v1.FrameworkID": "FrameworkId",
  "mesos.v1.AgentID": "AgentId",
  "mesos.v1.OfferID": "OfferId",
  "mesos.v1.TaskID": "TaskId",
  "mesos.v1.ExecutorID": "ExecutorId",
  "mesos.v1.OperationID": "OperationId",
  "mesos.v1.ResourceProviderID": "ResourceProviderId",
}

/** Messages of the form `{type, <one member named like the type>}`, which become unions by `kind`. */
const unions = new Set([
  "mesos.v1.Offer.Operation",
  "mesos.v1.scheduler.Call",
  "mesos.v1.scheduler.Event",
  "mesos.v1.executor.Call",
  "mesos.v1.executor.Event",
  "mesos.v1.master.Call",
  "mesos.v1.master.Response",
  "mesos.v1.master.Event",
  "mesos.v1.agent.Call",
  "mesos.v1.agent.Response",
])

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

/** The names of an enum's values, or undefined when the entry is a message. */
const enumNames = (full: string): readonly string[] | undefined => {
  const values: unknown = table[full]?.["enum"]
  return values === undefined ? undefined : Object.keys(values as object)
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

const camel = (snake: string): string =>
  snake.toLowerCase().replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())

/** Finds a type named in a field as protobuf does: from the innermost scope outwards. */
function resolve(name: string, scope: string): string {
  if (table[name]) return name
  const parts = scope.split(".")
  for (let depth = parts.length; depth >= 0; depth--) {
    const candidate = [...parts.slice(0, depth), name].join(".")
    if (table[candidate]) return candidate
  }
  throw new Error(`unknown type ${name} in ${scope}`)
}

function render(type: string, scope: string, used: Set<string>): string {
  const map = /^map<string,(.*)>$/.exec(type)
  if (map) return `Readonly<Record<string, ${render(map[1] ?? "", scope, used)}>>`
  if (scalars[type]) return scalars[type]
  if (type === "google.protobuf.Duration")
    return "{ readonly seconds: number; readonly nanos?: number | undefined }"
  const full = resolve(type, scope)
  used.add(full)
  return ids[full] ?? typeName(full)
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
  const kinds = (enumNames(`${full}.Type`) ?? []).filter((kind) => kind !== "UNKNOWN")
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
  const values = enumNames(full)?.map((value) => `"${value}"`)
  if (values) return `/** ${full} */\nexport type ${typeName(full)} = ${values.join(" | ")}\n\n`
  if (unions.has(full)) return renderUnion(full, message, used)
  const members = Object.entries(message).map(([name, field]) => member(name, field, full, used))
  const body = members.length > 0 ? `{\n${members.join("")}}` : "Readonly<Record<string, never>>"
  return `/** ${full} */\nexport type ${typeName(full)} = ${body}\n\n`
}

function renderPackage(name: string): string {
  const used = new Set<string>()
  const own = Object.keys(table)
    .filter((full) => packageOf(full) === name && !ids[full] && full !== "mesos.v1.Resource")
    .sort((a, b) => (a < b ? -1 : 1))
  const body = own.map((full) => renderMessage(full, table[full] as Message, used)).join("")
  const idNames = new Set<string>()
  const imports = new Map<string, Set<string>>()
  for (const full of used) {
    if (ids[full]) idNames.add(ids[full])
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
