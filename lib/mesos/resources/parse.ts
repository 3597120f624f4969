import { err, ok, type Result } from "#lib/std/result.ts"
import type { Reservation, Resource, Resources } from "#lib/mesos/resource.ts"
import { DEFAULT_ROLE } from "#lib/mesos/roles.ts"
import { normalizeResources } from "./normal.ts"
import { parseTextValue } from "./text.ts"
import { validateResources } from "./validate.ts"

/** Why a text or JSON value does not say resources; `message` names the part at fault. */
export type ResourceTextError = { readonly code: "badResources"; readonly message: string }

const refuse = (message: string): Result<never, ResourceTextError> =>
  err({ code: "badResources", message })

/**
 * Reads `cpus:4;mem:1024;ports:[31000-32000];disk(role):100;tags:{a,b}`, where `name(role)` is a
 * static reservation. The result is valid and in normal form.
 * Source: apache/mesos: src/common/resources.cpp (fromSimpleString), docs/attributes-resources.md.
 */
export function parseResourceText(
  text: string,
  defaultRole: string = DEFAULT_ROLE,
): Result<Resources, ResourceTextError> {
  const list: Resource[] = []
  for (const token of text.split(/[;\n]/)) {
    if (token.trim() === "") continue
    const resource = parseToken(token.trim(), defaultRole)
    if (!resource.ok) return resource
    list.push(resource.value)
  }
  const problem = validateResources(list)
  return problem === undefined ? ok(normalizeResources(list)) : refuse(problem.message)
}

function parseToken(token: string, defaultRole: string): Result<Resource, ResourceTextError> {
  const [head, value, ...extra] = token.split(":")
  if (head === undefined || value === undefined || extra.length > 0)
    return refuse(`Bad value for resources, missing or extra ':' in '${token}'`)
  const named = /^([^()]*)(?:\(([^()]*)\))?$/.exec(head.trim())
  const name = named?.[1]?.trim()
  if (named === null || name === undefined)
    return refuse(`Bad value for resources, mismatched parentheses in '${token}'`)
  if (name === "") return refuse(`Bad value for resources, missing name in '${token}'`)
  const parsed = parseTextValue(value)
  if (!parsed.ok) return refuse(`Bad value for resource '${name}': ${parsed.error}`)
  if (parsed.value.kind === "text")
    return refuse(`Bad value for resource '${name}': '${parsed.value.text}' is not an amount`)
  const role = named[2]?.trim() ?? defaultRole
  const reservations: Reservation[] = role === DEFAULT_ROLE ? [] : [{ type: "STATIC", role }]
  return ok({ name, value: parsed.value, reservations })
}
