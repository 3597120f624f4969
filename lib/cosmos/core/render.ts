import { compileSchema, type SchemaIssue } from "#lib/schema/index.ts"
import { err, ok, type Result } from "#lib/std/result.ts"
import type { Found } from "./catalog.ts"
import { errors, type CosmosError } from "./errors.ts"
import { isJsonObject, mergeJson, textMember, type Json, type JsonObject } from "./json.ts"
import { schemaDefaults } from "./options.ts"
import { renderTemplate } from "./template.ts"

/** A package made ready to be posted to Marathon. */
export type RenderRequest = {
  readonly found: Found
  /** What the user gave, unmerged. */
  readonly options?: JsonObject | undefined
  /** Replaces the id that the template gives. */
  readonly appId?: string | undefined
  /** Base64 of the gzip of a text. */
  readonly compress: (text: string) => string
}

/** The app definition a package starts with these options, with the labels that mark it. */
export function renderPackage(request: RenderRequest): Result<JsonObject, CosmosError> {
  const { revision } = request.found
  if (revision.template === undefined)
    return err(errors.noTemplate(revision.name, revision.version))
  const view = resolveOptions(request.found, request.options)
  if (!view.ok) return view
  const text = renderTemplate(
    revision.template,
    mergeJson(view.value, { resource: revision.resource ?? {} }),
  )
  if (!text.ok) return err(errors.renderedNotJson(text.error, revision.template))
  const app = parseApp(revision.name, text.value)
  if (!app.ok) return app
  const id = request.appId ?? app.value["id"]
  const labels = isJsonObject(app.value["labels"]) ? app.value["labels"] : {}
  return ok({
    ...app.value,
    ...(typeof id === "string" ? { id: id.startsWith("/") ? id : `/${id}` } : {}),
    labels: { ...labels, ...packageLabels(request) },
  })
}

/** Defaults of the schema, overlaid with the user's options, checked against the schema. */
export function resolveOptions(
  found: Found,
  options: JsonObject | undefined,
): Result<JsonObject, CosmosError> {
  const schema = found.revision.config
  if (schema === undefined)
    return options === undefined || Object.keys(options).length === 0
      ? ok({})
      : err(errors.optionsNotAllowed())
  const merged = mergeJson(schemaDefaults(schema), options ?? {})
  const issues = compileSchema(schema).check(merged)
  if (issues.length > 0) return err(errors.optionsMismatch(issues.map(toValidatorMessage)))
  return ok(merged)
}

/**
 * An issue in the form of the draft-4 validator whose raw messages clients print.
 * Source: dcos/cosmos passes com.github.fge.jsonschema messages through.
 */
function toValidatorMessage(issue: SchemaIssue): Json {
  const { additionalProperties, requiredProperties } = issue.params as JsonObject
  return {
    level: "error",
    domain: "validation",
    keyword: issue.keyword,
    instance: { pointer: issue.path },
    message: issue.message,
    ...(issue.params as JsonObject),
    ...(additionalProperties === undefined ? {} : { unwanted: additionalProperties }),
    ...(requiredProperties === undefined ? {} : { missing: requiredProperties }),
  }
}

function parseApp(name: string, text: string): Result<JsonObject, CosmosError> {
  let app: unknown
  try {
    app = JSON.parse(text)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    return err(
      errors.renderedNotJson(`The template of package [${name}] rendered no JSON: ${why}`, text),
    )
  }
  return isJsonObject(app) ? ok(app) : err(errors.templateNotObject())
}

const toBase64 = (text: string): string => new TextEncoder().encode(text).toBase64()

/** The labels that make an app an installation of a package. */
function packageLabels(request: RenderRequest): Readonly<Record<string, string>> {
  const { repository, revision } = request.found
  const definition = packageDefinition(request.found)
  const packaging = textMember(revision.metadata, "packagingVersion", "3.0").split(".")[0]
  return {
    DCOS_PACKAGE_NAME: revision.name,
    DCOS_PACKAGE_VERSION: revision.version,
    DCOS_PACKAGE_SOURCE: repository.uri,
    DCOS_PACKAGE_OPTIONS: toBase64(JSON.stringify(request.options ?? {})),
    DCOS_PACKAGE_DEFINITION: toBase64(
      JSON.stringify({
        metadata: {
          "Content-Type": `application/vnd.dcos.universe.package+json;charset=utf-8;version=v${packaging}`,
          "Content-Encoding": "gzip",
        },
        data: request.compress(JSON.stringify(definition)),
      }),
    ),
  }
}

/** Everything a revision consists of, as `describe` version 3 answers it. */
export function packageDefinition(found: Found): JsonObject {
  const { metadata, releaseVersion, config, resource, template } = found.revision
  return {
    ...metadata,
    releaseVersion,
    ...(config === undefined ? {} : { config }),
    ...(resource === undefined ? {} : { resource }),
    ...(template === undefined ? {} : { marathon: { v2AppMustacheTemplate: toBase64(template) } }),
  }
}
