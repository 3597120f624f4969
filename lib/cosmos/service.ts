import { err, ok, type Result } from "#lib/std/result.ts"
import type { Catalog } from "./core/catalog.ts"
import { errors, type CosmosError } from "./core/errors.ts"
import { isJsonObject, textMember, type Json, type JsonObject } from "./core/json.ts"
import { renderPackage } from "./core/render.ts"

/** A JSON request to another service of the cluster. */
export type ServiceCall = {
  readonly method: "GET" | "POST" | "PUT" | "DELETE"
  /** Path with query, such as "/v2/apps". */
  readonly path: string
  readonly body?: JsonObject | undefined
  /** The caller's own Authorization header, so that the caller's permissions apply. */
  readonly authorization?: string | undefined
}

/** What a service answered; `body` is its JSON, or null when it was none. */
export type ServiceAnswer = { readonly status: number; readonly body: Json }

/** What the package service needs of the world. */
export type CosmosPorts = {
  readonly catalog: Catalog
  readonly marathon: (call: ServiceCall) => Promise<ServiceAnswer>
  readonly mesos: (call: ServiceCall) => Promise<ServiceAnswer>
  /** Base64 of the gzip of a text. */
  readonly compress: (text: string) => string
  /** The text whose `compress` this is; undefined when it is none. */
  readonly decompress: (data: string) => string | undefined
}

/** A request to install or render. */
export type InstallRequest = {
  readonly packageName: string
  readonly packageVersion?: string | undefined
  readonly options?: JsonObject | undefined
  readonly appId?: string | undefined
}

/** What an installation led to. */
export type Installed = {
  readonly packageName: string
  readonly packageVersion: string
  /** Absent when the package starts no app. */
  readonly appId?: string | undefined
  readonly postInstallNotes?: string | undefined
  readonly cli?: Json | undefined
}

/** An installation, as the labels of its app tell it. */
export type Installation = {
  readonly appId: string
  readonly packageName: string
  readonly packageVersion: string
  /** The Mesos framework that the package runs, when it names one. */
  readonly frameworkName?: string | undefined
  /** package.json of the installed revision. */
  readonly metadata: JsonObject
}

/**
 * The package service. It keeps no record of its own: the labels of the apps in Marathon are the
 * database, so an installation cannot be forgotten or invented by a crash.
 */
export class Cosmos {
  readonly #ports: CosmosPorts

  constructor(ports: CosmosPorts) {
    this.#ports = ports
  }

  get catalog(): Catalog {
    return this.#ports.catalog
  }

  /** The app definition as it would be posted. */
  render(request: InstallRequest): Result<JsonObject, CosmosError> {
    const found = this.catalog.find(request.packageName, request.packageVersion)
    if (!found.ok) return found
    const { options, appId } = request
    return renderPackage({
      found: found.value,
      options,
      appId,
      compress: this.#ports.compress,
    })
  }

  /** Renders the package and posts its app to Marathon. */
  async install(
    request: InstallRequest,
    authorization?: string,
  ): Promise<Result<Installed, CosmosError>> {
    const found = this.catalog.find(request.packageName, request.packageVersion)
    if (!found.ok) return found
    const { revision } = found.value
    const notes = revision.metadata["postInstallNotes"]
    const installed: Installed = {
      packageName: revision.name,
      packageVersion: revision.version,
      postInstallNotes: typeof notes === "string" ? notes : undefined,
      cli: revision.resource?.["cli"],
    }
    if (revision.template === undefined) return ok(installed)
    const app = this.render({ ...request, packageVersion: revision.version })
    if (!app.ok) return app
    const answer = await this.#ports.marathon({
      method: "POST",
      path: "/v2/apps",
      body: app.value,
      authorization,
    })
    // Marathon answers 409 to both: the app exists, and a deployment (such as its removal) holds it.
    if (answer.status === 409)
      return err(isLocked(answer) ? errors.locked() : errors.alreadyInstalled())
    const refused = marathonProblem(answer)
    if (refused !== undefined) return err(refused)
    return ok({ ...installed, appId: textMember(app.value, "id") })
  }

  /** The installations, by package name and app id; of one package or app where these are given. */
  async list(
    filter: { readonly packageName?: string | undefined; readonly appId?: string | undefined },
    authorization?: string,
  ): Promise<Result<readonly Installation[], CosmosError>> {
    const answer = await this.#ports.marathon({
      method: "GET",
      path: "/v2/apps?label=DCOS_PACKAGE_NAME",
      authorization,
    })
    const refused = marathonProblem(answer)
    if (refused !== undefined) return err(refused)
    const apps = isJsonObject(answer.body) ? answer.body["apps"] : undefined
    const wanted = filter.appId === undefined ? undefined : absolute(filter.appId)
    return ok(
      (Array.isArray(apps) ? (apps as readonly Json[]) : [])
        .map((app) => this.#toInstallation(app))
        .filter((one): one is Installation => one !== undefined)
        .filter((one) => filter.packageName === undefined || one.packageName === filter.packageName)
        .filter((one) => wanted === undefined || one.appId === wanted)
        .sort((a, b) =>
          a.packageName === b.packageName
            ? compare(a.appId, b.appId)
            : compare(a.packageName, b.packageName),
        ),
    )
  }

  /** Deletes the apps of an installed package, and tears down the frameworks that they ran. */
  async uninstall(
    request: {
      readonly packageName: string
      readonly appId?: string | undefined
      readonly all?: boolean | undefined
    },
    authorization?: string,
  ): Promise<Result<readonly Installation[], CosmosError>> {
    const { packageName, appId, all } = request
    const listed = await this.list({ packageName, appId }, authorization)
    if (!listed.ok) return listed
    if (listed.value.length === 0)
      return err(
        appId === undefined
          ? errors.packageNotInstalled(packageName)
          : errors.appNotInstalled(packageName, absolute(appId)),
      )
    if (listed.value.length > 1 && all !== true)
      return err(
        errors.ambiguousAppId(
          packageName,
          listed.value.map((one) => one.appId),
        ),
      )
    for (const one of listed.value) {
      const answer = await this.#ports.marathon({
        method: "DELETE",
        path: `/v2/apps${one.appId}?force=true`,
        authorization,
      })
      const refused = answer.status === 404 ? undefined : marathonProblem(answer)
      if (refused !== undefined) return err(refused)
      if (one.frameworkName !== undefined) await this.#tearDown(one.frameworkName, authorization)
    }
    return listed
  }

  async #tearDown(frameworkName: string, authorization: string | undefined): Promise<void> {
    const answer = await this.#ports.mesos({
      method: "GET",
      path: "/frameworks",
      authorization,
    })
    const frameworks = isJsonObject(answer.body) ? answer.body["frameworks"] : undefined
    const named = (Array.isArray(frameworks) ? (frameworks as readonly Json[]) : []).filter(
      (one): one is JsonObject => isJsonObject(one) && one["name"] === frameworkName,
    )
    const [only] = named
    if (named.length !== 1 || only === undefined) return
    await this.#ports.mesos({
      method: "POST",
      path: "/api/v1",
      body: { type: "TEARDOWN", teardown: { framework_id: { value: textMember(only, "id") } } },
      authorization,
    })
  }

  #toInstallation(app: Json): Installation | undefined {
    if (!isJsonObject(app) || !isJsonObject(app["labels"])) return undefined
    const label = (name: string): string | undefined => {
      const value = (app["labels"] as JsonObject)[name]
      return typeof value === "string" ? value : undefined
    }
    const definition = label("DCOS_PACKAGE_DEFINITION")
    const packageName = label("DCOS_PACKAGE_NAME")
    if (definition === undefined || packageName === undefined) return undefined
    return {
      appId: textMember(app, "id"),
      packageName,
      packageVersion: label("DCOS_PACKAGE_VERSION") ?? "",
      frameworkName: label("DCOS_PACKAGE_FRAMEWORK_NAME"),
      metadata: this.#metadataOf(definition) ?? { name: packageName },
    }
  }

  /** Reads what `DCOS_PACKAGE_DEFINITION` carries; undefined when somebody else wrote the label. */
  #metadataOf(label: string): JsonObject | undefined {
    try {
      const wrapped = JSON.parse(new TextDecoder().decode(Uint8Array.fromBase64(label))) as unknown
      const data = isJsonObject(wrapped) ? wrapped["data"] : undefined
      const text = typeof data === "string" ? this.#ports.decompress(data) : undefined
      const definition = text === undefined ? undefined : (JSON.parse(text) as unknown)
      if (!isJsonObject(definition)) return undefined
      const { config: _config, resource: _resource, marathon: _marathon, ...metadata } = definition
      return metadata
    } catch {
      return undefined
    }
  }
}

const absolute = (appId: string): string => (appId.startsWith("/") ? appId : `/${appId}`)

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Marathon's refusal in the words of the package API, or undefined when it did what was asked. */
const isLocked = ({ body }: ServiceAnswer): boolean =>
  isJsonObject(body) && Array.isArray(body["deployments"])

function marathonProblem(answer: ServiceAnswer): CosmosError | undefined {
  if (answer.status < 400) return undefined
  if (answer.status >= 500) return errors.marathonFailed(answer.status)
  const body = isJsonObject(answer.body) ? answer.body : {}
  return errors.marathonRefused(
    textMember(body, "message", `HTTP ${answer.status}`),
    body["details"],
  )
}
