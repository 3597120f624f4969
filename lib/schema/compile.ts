import { Compile } from "typebox/schema"
import { toCurrentDraft } from "./draft.ts"

/** One way in which a value does not fit its schema. */
export type SchemaIssue = {
  /** JSON Pointer to the value, "" for the whole. */
  readonly path: string
  /** The keyword of JSON Schema that refused, such as "required" or "minimum". */
  readonly keyword: string
  readonly message: string
  /** What belongs to the keyword, such as the limit or the names of missing members. */
  readonly params: Readonly<Record<string, unknown>>
}

/** A schema ready to check values. */
export type CompiledSchema = {
  /** All issues of the value; none when it fits. */
  check(value: unknown): readonly SchemaIssue[]
}

// A pattern that had to be translated is a RegExp, which JSON would show as nothing.
const plain = (params: object): SchemaIssue["params"] =>
  Object.fromEntries(
    Object.entries(params).map(([name, value]: [string, unknown]) => [
      name,
      value instanceof RegExp ? value.source : value,
    ]),
  )

/** The members that are one too many: whoever misspelt one wants to read its name. */
function unwanted(params: object): string {
  const names = (params as { readonly additionalProperties?: unknown }).additionalProperties
  return Array.isArray(names) ? `: ${names.join(", ")}` : ""
}

const compiled = new WeakMap<object, CompiledSchema>()

/**
 * Prepares a JSON Schema of any draft from 4 on, once per schema object. Keywords it does not know are
 * ignored, as packages carry misspelt ones. Throws when the schema itself cannot be understood.
 */
export function compileSchema(schema: object): CompiledSchema {
  const known = compiled.get(schema)
  if (known !== undefined) return known
  const validator = Compile(toCurrentDraft(schema) as object)
  const checker: CompiledSchema = {
    check: (value) => {
      if (validator.Check(value)) return []
      const [, errors] = validator.Errors(value)
      return errors
        .filter((error) => error.keyword !== "boolean")
        .map(({ instancePath, keyword, message, params }) => ({
          path: instancePath,
          keyword,
          message: `${message}${unwanted(params)}`,
          params: plain(params),
        }))
    },
  }
  compiled.set(schema, checker)
  return checker
}
