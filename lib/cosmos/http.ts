import { Hono, type Context } from "hono"
import type { StatusCode } from "hono/utils/http-status"
import { err, ok, type Result } from "#lib/std/result.ts"
import { packageDefinition } from "./core/render.ts"
import { errors, type CosmosError } from "./core/errors.ts"
import { isJsonObject, type Json, type JsonObject } from "./core/json.ts"
import { contentType, isContentType, negotiate, type MediaType } from "./media.ts"
import type { Cosmos, Installation, InstallRequest } from "./service.ts"

/** One endpoint: the kinds of its bodies and what it does. */
type Endpoint = {
  readonly path: string
  readonly request: MediaType
  /** Newest first. */
  readonly responses: readonly MediaType[]
  readonly answer: (
    body: JsonObject,
    media: MediaType,
    authorization: string | undefined,
  ) => Promise<Result<JsonObject, CosmosError>> | Result<JsonObject, CosmosError>
}

const media = (kind: string, version = 1): MediaType => ({ kind: `package.${kind}`, version })

/**
 * The package API.
 * Source: dcos/cosmos: cosmos-common/…/rpc (media types, bodies), cosmos-server/…/Cosmos.scala (paths).
 */
export function createCosmosHttp(cosmos: Cosmos): (request: Request) => Promise<Response> {
  const app = new Hono()
  for (const endpoint of endpoints(cosmos))
    app.post(endpoint.path, (context) => serve(endpoint, context))
  app.get("/capabilities", (context) => {
    context.header("Content-Type", contentType({ kind: "capabilities", version: 1 }))
    const names = ["PACKAGE_MANAGEMENT", "SUPPORT_CLUSTER_REPORT", "LOGGING"]
    return context.body(JSON.stringify({ capabilities: names.map((name) => ({ name })) }))
  })
  for (const path of [
    "/package/repository/add",
    "/package/repository/delete",
    "/service/describe",
    "/service/update",
  ])
    app.post(path, (context) => refuse(context, errors.notBuilt(`POST ${path}`)))
  app.notFound((context) =>
    refuse(context, { ...errors.notValid(`no such resource: ${context.req.path}`), status: 404 }),
  )
  return async (request) => app.fetch(request)
}

function refuse(context: Context, error: CosmosError): Response {
  context.header("Content-Type", contentType(media("error")))
  context.status(error.status as StatusCode)
  return context.body(
    JSON.stringify({ type: error.code, message: error.message, data: error.data }),
  )
}

async function serve(endpoint: Endpoint, context: Context): Promise<Response> {
  const wanted = negotiate(context.req.header("accept"), endpoint.responses)
  const wrong: CosmosError[] = []
  if (wanted === undefined) {
    const known = endpoint.responses.map(contentType).join(", ")
    wrong.push(errors.notValid(`Accept must name one of: ${known}`))
  }
  if (!isContentType(context.req.header("content-type"), endpoint.request))
    wrong.push(errors.notValid(`Content-Type must be ${contentType(endpoint.request)}`))
  const body = parseBody(await context.req.text())
  if (!body.ok) wrong.push(body.error)
  const [first] = wrong
  if (wanted === undefined || !body.ok || first !== undefined)
    return refuse(context, wrong.length > 1 ? several(wrong) : (first ?? several(wrong)))
  const answer = await endpoint.answer(body.value, wanted, context.req.header("authorization"))
  if (!answer.ok) return refuse(context, answer.error)
  context.header("Content-Type", contentType(wanted))
  return context.body(JSON.stringify(answer.value))
}

const several = (wrong: readonly CosmosError[]): CosmosError => ({
  code: "multiple_errors",
  message: wrong.map((one) => one.message).join("; "),
  status: 400,
  data: { errors: wrong.map((one) => ({ type: one.code, message: one.message })) },
})

function parseBody(text: string): Result<JsonObject, CosmosError> {
  let body: unknown
  try {
    body = JSON.parse(text === "" ? "{}" : text)
  } catch (cause) {
    return err(errors.notParsed(cause instanceof Error ? cause.message : String(cause)))
  }
  return isJsonObject(body) ? ok(body) : err(errors.notParsed("the body must be a JSON object"))
}

/** A text member; absent when it may be. */
function text(body: JsonObject, name: string): Result<string | undefined, CosmosError> {
  const value = body[name]
  if (value === undefined || value === null) return ok(undefined)
  return typeof value === "string" ? ok(value) : err(errors.notParsed(`'${name}' must be a string`))
}

function requiredText(body: JsonObject, name: string): Result<string, CosmosError> {
  const value = text(body, name)
  if (!value.ok) return value
  return value.value === undefined ? err(errors.notPresent(name)) : ok(value.value)
}

function readInstall(body: JsonObject): Result<InstallRequest, CosmosError> {
  const packageName = requiredText(body, "packageName")
  if (!packageName.ok) return packageName
  const packageVersion = text(body, "packageVersion")
  if (!packageVersion.ok) return packageVersion
  const appId = text(body, "appId")
  if (!appId.ok) return appId
  const options = body["options"] ?? undefined
  if (options !== undefined && !isJsonObject(options))
    return err(errors.notParsed("'options' must be a JSON object"))
  if (body["managerId"]) return err(errors.notBuilt("installing through another package manager"))
  return ok({
    packageName: packageName.value,
    packageVersion: packageVersion.value,
    appId: appId.value,
    options,
  })
}

/** Drops members that are not set: responses never carry null. */
const compact = (members: Readonly<Record<string, Json | undefined>>): JsonObject =>
  Object.fromEntries(
    Object.entries(members).filter(
      (member): member is [string, Json] => member[1] !== undefined && member[1] !== null,
    ),
  )

function endpoints(cosmos: Cosmos): readonly Endpoint[] {
  return [...readEndpoints(cosmos), ...installEndpoints(cosmos)]
}

function readEndpoints(cosmos: Cosmos): readonly Endpoint[] {
  return [
    {
      path: "/package/search",
      request: media("search-request"),
      responses: [media("search-response")],
      answer: (body) => {
        const query = text(body, "query")
        if (!query.ok) return query
        const packages = cosmos.catalog.search(query.value).map((hit) => compact(hit))
        return ok({ packages })
      },
    },
    {
      path: "/package/describe",
      request: media("describe-request"),
      responses: [media("describe-response", 3), media("describe-response", 2)],
      answer: (body, wanted) => describe(cosmos, body, wanted),
    },
    {
      path: "/package/list-versions",
      request: media("list-versions-request"),
      responses: [media("list-versions-response")],
      answer: (body) => {
        const name = requiredText(body, "packageName")
        if (!name.ok) return name
        const versions = cosmos.catalog.versions(name.value)
        return versions.ok ? ok({ results: versions.value }) : versions
      },
    },
    {
      path: "/package/repository/list",
      request: media("repository.list-request"),
      responses: [media("repository.list-response")],
      answer: () =>
        ok({ repositories: cosmos.catalog.repositories.map(({ name, uri }) => ({ name, uri })) }),
    },
    {
      path: "/package/render",
      request: media("render-request"),
      responses: [media("render-response")],
      answer: (body) => {
        const request = readInstall(body)
        if (!request.ok) return request
        const marathonJson = cosmos.render(request.value)
        return marathonJson.ok ? ok({ marathonJson: marathonJson.value }) : marathonJson
      },
    },
  ]
}

function describe(
  cosmos: Cosmos,
  body: JsonObject,
  wanted: MediaType,
): Result<JsonObject, CosmosError> {
  const name = requiredText(body, "packageName")
  if (!name.ok) return name
  const version = text(body, "packageVersion")
  if (!version.ok) return version
  const found = cosmos.catalog.find(name.value, version.value)
  if (!found.ok) return found
  const definition = packageDefinition(found.value)
  if (wanted.version === 3) return ok({ package: definition })
  if (definition["upgradesFrom"] !== undefined || definition["downgradesTo"] !== undefined)
    return err({
      code: "ConversionFromPackageToV2DescribeResponse",
      message: `Package [${name.value}] says which versions it upgrades from: ask for version 3 of the response`,
      status: 400,
    })
  const { config, resource, marathon, releaseVersion: _release, ...metadata } = definition
  return ok(compact({ package: metadata, config, resource, marathon }))
}

function installEndpoints(cosmos: Cosmos): readonly Endpoint[] {
  return [
    {
      path: "/package/install",
      request: media("install-request"),
      responses: [media("install-response", 2), media("install-response", 1)],
      answer: async (body, wanted, authorization) => {
        const request = readInstall(body)
        if (!request.ok) return request
        const installed = await cosmos.install(request.value, authorization)
        if (!installed.ok) return installed
        const { packageName, packageVersion, appId, postInstallNotes, cli } = installed.value
        if (wanted.version === 2)
          return ok(compact({ packageName, packageVersion, appId, postInstallNotes, cli }))
        return appId === undefined
          ? err(errors.noTemplate(packageName, packageVersion))
          : ok({ packageName, packageVersion, appId })
      },
    },
    {
      path: "/package/uninstall",
      request: media("uninstall-request"),
      responses: [media("uninstall-response")],
      answer: async (body, _wanted, authorization) => {
        const packageName = requiredText(body, "packageName")
        if (!packageName.ok) return packageName
        const appId = text(body, "appId")
        if (!appId.ok) return appId
        const gone = await cosmos.uninstall(
          { packageName: packageName.value, appId: appId.value, all: body["all"] === true },
          authorization,
        )
        return gone.ok ? ok({ results: gone.value.map(toUninstalled) }) : gone
      },
    },
    {
      path: "/package/list",
      request: media("list-request"),
      responses: [media("list-response")],
      answer: async (body, _wanted, authorization) => {
        const packageName = text(body, "packageName")
        if (!packageName.ok) return packageName
        const appId = text(body, "appId")
        if (!appId.ok) return appId
        const listed = await cosmos.list(
          { packageName: packageName.value, appId: appId.value },
          authorization,
        )
        return listed.ok ? ok({ packages: listed.value.map(toListed) }) : listed
      },
    },
  ]
}

const toUninstalled = (one: Installation): JsonObject =>
  compact({
    packageName: one.packageName,
    appId: one.appId,
    packageVersion: one.packageVersion,
    postUninstallNotes: one.metadata["postUninstallNotes"],
  })

const toListed = (one: Installation): JsonObject => ({
  appId: one.appId,
  packageInformation: { packageDefinition: one.metadata },
})
