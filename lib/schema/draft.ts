/** Members whose values are schemas by name. */
const maps: ReadonlySet<string> = new Set(["properties", "patternProperties", "definitions"])

/** Members whose values are data, not schemas. */
const data: ReadonlySet<string> = new Set(["default", "enum", "const", "examples", "media"])

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/**
 * A schema of draft 3 or 4 in the words of the later drafts: a boolean `exclusiveMinimum` becomes the
 * limit itself, and a boolean `required` inside a property, a mistake of many packages, goes away. So
 * does a `pattern` that only the regular expressions of other languages know.
 */
export function toCurrentDraft(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(toCurrentDraft)
  if (!isObject(schema)) return schema
  const current: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(schema))
    if (data.has(name)) current[name] = value
    else if (maps.has(name) && isObject(value))
      current[name] = Object.fromEntries(
        Object.entries(value)
          .filter(([member]) => name !== "patternProperties" || regExpOf(member, "u") !== undefined)
          .map(([member, part]) => [member, toCurrentDraft(part)]),
      )
    else current[name] = toCurrentDraft(value)
  if (typeof current["required"] === "boolean") delete current["required"]
  translatePattern(current)
  moveLimit(current, "minimum", "exclusiveMinimum")
  moveLimit(current, "maximum", "exclusiveMaximum")
  return current
}

// Patterns were written for Java, where "(?i)" at the start holds for all that follows, and where
// more characters may be escaped than the strict mode of our engine permits.
function translatePattern(schema: Record<string, unknown>): void {
  const pattern = schema["pattern"]
  if (typeof pattern !== "string" || regExpOf(pattern, "u") !== undefined) return
  const scoped = pattern.replace(/^(\^?)\(\?([ims]+)\)([^]*)$/, "$1(?$2:$3)")
  const regExp = regExpOf(scoped, "u") ?? regExpOf(scoped, "")
  if (regExp === undefined) delete schema["pattern"]
  else schema["pattern"] = regExp
}

function regExpOf(source: string, flags: string): RegExp | undefined {
  try {
    return new RegExp(source, flags)
  } catch {
    return undefined
  }
}

function moveLimit(schema: Record<string, unknown>, limit: string, exclusive: string): void {
  if (typeof schema[exclusive] !== "boolean") return
  const strict = schema[exclusive]
  delete schema[exclusive]
  if (!strict || schema[limit] === undefined) return
  schema[exclusive] = schema[limit]
  delete schema[limit]
}
