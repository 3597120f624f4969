/** How entries of fields.json map to our types: shared by the generator of types and the JSON codec. */

/** A field: number, type, label, and the text of its default where it has one. */
export type Field = readonly [number: number, type: string, label: string, fallback?: string]
/** A message (field name to field) or an enum (the one key "enum", holding name to number). */
export type Message = Readonly<Record<string, Field>>
/** The whole field table, by full name. */
export type Table = Readonly<Record<string, Message>>

/** Messages that wrap one text, and the branded type that stands for them. */
export const idMessages: Readonly<Record<string, string>> = {
  "mesos.v1.FrameworkID": "FrameworkId",
  "mesos.v1.AgentID": "AgentId",
  "mesos.v1.OfferID": "OfferId",
  "mesos.v1.TaskID": "TaskId",
  "mesos.v1.ExecutorID": "ExecutorId",
  "mesos.v1.OperationID": "OperationId",
  "mesos.v1.ResourceProviderID": "ResourceProviderId",
}

/** Messages of the form `{type, <one member named like the type>}`, which become unions by `kind`. */
export const unionMessages: ReadonlySet<string> = new Set([
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

/** The names of an enum's values, or undefined when the entry is a message or absent. */
export function enumNames(table: Table, full: string): readonly string[] | undefined {
  const values: unknown = table[full]?.["enum"]
  return values === undefined ? undefined : Object.keys(values as object)
}

/** snake_case or UPPER_CASE in camelCase. */
export const camel = (snake: string): string =>
  snake.toLowerCase().replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())

/** The type of a map field's values, or undefined for any other field. */
export const mapValueType = (type: string): string | undefined =>
  /^map<string,(.*)>$/.exec(type)?.[1]

/** Finds a type named in a field as protobuf does: from the innermost scope outwards. */
export function resolveType(table: Table, name: string, scope: string): string | undefined {
  if (table[name]) return name
  const parts = scope.split(".")
  for (let depth = parts.length; depth >= 0; depth--) {
    const candidate = [...parts.slice(0, depth), name].join(".")
    if (table[candidate]) return candidate
  }
  return undefined
}
