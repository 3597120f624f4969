/** What JSON can carry. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject

/** A JSON object. */
export type JsonObject = { readonly [name: string]: Json }

/** Whether a value read from JSON is an object (no list, not null). */
export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** The text that a member holds, or `fallback` when it holds none. */
export function textMember(object: JsonObject, name: string, fallback = ""): string {
  const value = object[name]
  return typeof value === "string" ? value : fallback
}

/** `over` laid on `base`: objects merge member by member, everything else is replaced. */
export function mergeJson(base: JsonObject, over: JsonObject): JsonObject {
  const merged: Record<string, Json> = { ...base }
  for (const [name, value] of Object.entries(over)) {
    const below = merged[name]
    merged[name] = isJsonObject(below) && isJsonObject(value) ? mergeJson(below, value) : value
  }
  return merged
}
