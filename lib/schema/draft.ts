/** Members whose values are schemas by name. */
const maps: ReadonlySet<string> = new Set(["properties", "patternProperties", "definitions"])

/** Members whose values are data, not schemas. */
const data: ReadonlySet<string> = new Set(["default", "enum", "const", "examples", "media"])

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/**
 * A schema of draft 3 or 4 in the words of the later drafts: a boolean `exclusiveMinimum` becomes the
 * limit itself, and a boolean `required` inside a property, a mistake of many packages, goes away.
 */
export function toCurrentDraft(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(toCurrentDraft)
  if (!isObject(schema)) return schema
  const current: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(schema))
    if (data.has(name)) current[name] = value
    else if (maps.has(name) && isObject(value))
      current[name] = Object.fromEntries(
        Object.entries(value).map(([member, part]) => [member, toCurrentDraft(part)]),
      )
    else current[name] = toCurrentDraft(value)
  if (typeof current["required"] === "boolean") delete current["required"]
  moveLimit(current, "minimum", "exclusiveMinimum")
  moveLimit(current, "maximum", "exclusiveMaximum")
  return current
}

function moveLimit(schema: Record<string, unknown>, limit: string, exclusive: string): void {
  if (typeof schema[exclusive] !== "boolean") return
  const strict = schema[exclusive]
  delete schema[exclusive]
  if (!strict || schema[limit] === undefined) return
  schema[exclusive] = schema[limit]
  delete schema[limit]
}
