import { err, ok, type Result } from "#lib/std/result.ts"
import { decodeMessage } from "#lib/mesos/codec/messages.ts"
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
 * Reads resources as flags and endpoints take them: text such as `cpus:4;mem:1024`, or a JSON array of
 * Resource. `defaultRole` reserves those that name no role. Valid and in normal form.
 */
export function parseResources(
  text: string,
  defaultRole: string = DEFAULT_ROLE,
): Result<Resources, ResourceTextError> {
  if (!text.trimStart().startsWith("[")) return parseResourceText(text, defaultRole)
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    return refuse(`Bad value for resources, not JSON: ${(cause as Error).message}`)
  }
  return parseResourceJson(json, defaultRole)
}

/** Reads a JSON array of Resource, as in `parseResources`. */
export function parseResourceJson(
  json: unknown,
  defaultRole: string = DEFAULT_ROLE,
): Result<Resources, ResourceTextError> {
  if (!Array.isArray(json)) return refuse("Bad value for resources, expected an array")
  const list: Resource[] = []
  for (const [index, each] of json.entries()) {
    const decoded = decodeMessage("mesos.v1.Resource", each)
    if (!decoded.ok)
      return refuse(`Bad value for resources, at [${index}]: ${decoded.error.message}`)
    const { value } = decoded
    const reserves = value.reservations.length === 0 && defaultRole !== DEFAULT_ROLE
    const names = reserves && (each as { readonly role?: unknown }).role !== undefined
    list.push(
      reserves && !names
        ? { ...value, reservations: [{ type: "STATIC", role: defaultRole }] }
        : value,
    )
  }
  return admit(list)
}

/**
 * Reads `cpus:4;mem:1024;ports:[31000-32000];disk(role):100;tags:{a,b}`, where `name(role)` is a
 * static reservation. The result is valid and in normal form.
 * Source: apache/mesos: src/common/resources.cpp (fromSimpleString), docs/attributes-resources.md.
 */
function parseResourceText(
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
  return admit(list)
}

function admit(list: Resources): Result<Resources, ResourceTextError> {
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
