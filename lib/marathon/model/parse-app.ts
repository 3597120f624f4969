import { ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"
import { appInput } from "./app-input.ts"
import type { AppInput } from "./app-input.ts"
import type { AppFields, AppPatch } from "./app-patch.ts"
import { parseConstraint } from "./constraint.ts"
import type { Constraint, ConstraintInput } from "./constraint.ts"
import type { Container } from "./container.ts"
import {
  checkMixedForms,
  fetchOf,
  networksOf,
  portDefinitionsOf,
  portMappingsOf,
} from "./deprecated.ts"
import { parseAppId, parseDependencies } from "./parse-id.ts"
import { parseVolumes } from "./parse-volume.ts"
import type { PathId } from "./path-id.ts"
import { isObject, omit, Problems } from "./reader.ts"
import type { Rejection } from "./rejection.ts"
import type { ModelRules } from "./rules.ts"
import { parseTimestamp } from "./timestamp.ts"

/** How an app object of a body is to be read. */
export type ParseAppOptions = {
  readonly rules: ModelRules
  /** What relative ids are relative to. */
  readonly base: PathId
  /** The id that the request's path names; without it the body must have one. */
  readonly id?: PathId | undefined
  /** Where the object stands in the body; "" for the body itself. */
  readonly path?: string | undefined
  /** Whether `version` asks for a rollback, as in a partial update; otherwise it is ignored. */
  readonly update?: boolean | undefined
}

/**
 * Reads one app object. Fails with `badTypes` when members have wrong types, with `invalid` or
 * `illegal` when the right types make no sense. What depends on other apps is left to `buildApp`.
 */
export function parseApp(json: unknown, options: ParseAppOptions): Result<AppPatch, Rejection> {
  const problems = new Problems()
  const input = readApp(json, options, problems)
  if (input === undefined || !problems.none) return problems.rejected("badTypes")
  const patch = patchOf(input, options, problems)
  return problems.none ? ok(patch) : problems.rejected("invalid")
}

/** Reads the types of one app object, noting problems. */
export function readApp(
  json: unknown,
  options: Pick<ParseAppOptions, "id" | "path">,
  problems: Problems,
): AppInput | undefined {
  const path = options.path ?? ""
  const input = appInput(json, path, problems)
  if (input !== undefined && input.id === undefined && options.id === undefined && isObject(json))
    if (json["id"] === undefined || json["id"] === null)
      problems.add(`${path}/id`, `'id' is undefined on object: ${JSON.stringify(json)}`)
  return input
}

/** Turns an app with the right types into a patch, noting what makes no sense. */
export function patchOf(input: AppInput, options: ParseAppOptions, problems: Problems): AppPatch {
  const path = options.path ?? ""
  const id = parseAppId(options.id ?? input.id ?? "", { base: options.base, path, problems })
  if (options.update === true && input.version !== undefined)
    return { id, path, fields: {}, rollbackTo: rollbackOf(input, input.version, problems) }
  checkMixedForms(input, path, problems)
  return { id, path, fields: fieldsOf(input, { ...options, path, problems }) }
}

function rollbackOf(input: AppInput, version: string, problems: Problems): AppPatch["rollbackTo"] {
  if (Object.keys(input).some((name) => name !== "id" && name !== "version"))
    problems.refuse("The 'version' field may only be combined with the 'id' field.")
  const timestamp = parseTimestamp(version)
  if (timestamp === undefined) problems.refuse(badTimestamp(version))
  return timestamp
}

/** What to say about a text that should name a moment. */
export const badTimestamp = (text: string): string =>
  `Invalid timestamp provided '${text}'. Expecting ISO-8601 datetime string.`

type FieldsOptions = ParseAppOptions & { readonly path: string; readonly problems: Problems }

const TRANSLATED = [
  "id",
  "version",
  "uris",
  "ports",
  "ipAddress",
  "container",
  "constraints",
  "dependencies",
] as const

function fieldsOf(input: AppInput, options: FieldsOptions): AppFields {
  const { path, problems, rules, base } = options
  return {
    // What has the same form on the wire and in the model passes through.
    ...omit(input, TRANSLATED),
    ...given("fetch", fetchOf(input)),
    ...given("portDefinitions", portDefinitionsOf(input)),
    ...given("networks", networksOf(input, rules, problems)),
    ...given("container", containerOf(input, path, problems)),
    ...given("constraints", constraintsOf(input.constraints, path, problems)),
    ...given("dependencies", parseDependencies(input.dependencies, { base, path, problems })),
  }
}

const given = <K extends keyof AppFields>(name: K, value: AppFields[K]): Pick<AppFields, K> =>
  (value === undefined ? {} : { [name]: value }) as Pick<AppFields, K>

function constraintsOf(
  inputs: readonly ConstraintInput[] | undefined,
  path: string,
  problems: Problems,
): readonly Constraint[] | undefined {
  return inputs?.flatMap((input, i) => {
    const constraint = parseConstraint(input, `${path}/constraints(${i})`, problems)
    return constraint === undefined ? [] : [constraint]
  })
}

function containerOf(
  input: AppInput,
  path: string,
  problems: Problems,
): AppFields["container"] | undefined {
  const portMappings = portMappingsOf(input)
  const written = input.container
  if (written === undefined)
    return portMappings === undefined ? undefined : { type: "MESOS", portMappings, volumes: [] }
  const container = {
    type: written.type,
    volumes: parseVolumes(written.volumes, `${path}/container/volumes`, problems),
    ...(written.docker === undefined ? {} : { docker: imageOf(written.docker) }),
    ...(written.linuxInfo === undefined ? {} : { linuxInfo: written.linuxInfo }),
  }
  return portMappings === undefined ? container : { ...container, portMappings }
}

function imageOf(
  written: NonNullable<NonNullable<AppInput["container"]>["docker"]>,
): NonNullable<Container["docker"]> {
  return omit(written, ["network", "portMappings", "credential"])
}
