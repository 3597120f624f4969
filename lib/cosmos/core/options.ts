import { isJsonObject, type Json, type JsonObject } from "./json.ts"

/**
 * The defaults that a package's schema states: each `default` of its properties, nested. A default on
 * an object wins over those of its children; objects that yield nothing are left out.
 * Source: dcos/cosmos: cosmos-common/…/JsonSchema.scala (extractDefaultsFromSchema).
 */
export function schemaDefaults(schema: JsonObject): JsonObject {
  const properties = schema["properties"]
  if (!isJsonObject(properties)) return {}
  const defaults: Record<string, Json> = {}
  for (const [name, property] of Object.entries(properties)) {
    if (!isJsonObject(property)) continue
    const own = property["default"]
    const value = own === undefined ? schemaDefaults(property) : own
    if (own !== undefined || (isJsonObject(value) && Object.keys(value).length > 0))
      defaults[name] = value
  }
  return defaults
}
