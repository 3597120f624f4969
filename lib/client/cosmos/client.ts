import { ApiError } from "#lib/client/errors.ts"
import type { Http } from "#lib/client/http.ts"
import { expectMember, expectObject, isObject, textOf, type JsonObject } from "#lib/client/json.ts"
import type {
  FoundPackage,
  InstalledPackage,
  InstallResult,
  PackageDefinition,
  PackageRequest,
  Repository,
  UninstallResult,
} from "./types.ts"

const WHO = "the package service"

/** The Cosmos API: each call is a POST whose media types name what is asked and what is wanted. */
export class CosmosClient {
  readonly #http: Http

  constructor(http: Http) {
    this.#http = http
  }

  async search(query: string | undefined): Promise<readonly FoundPackage[]> {
    return expectMember(await this.#call("search", { query }), "packages", WHO)
  }

  async list(filter: {
    readonly packageName?: string | undefined
    readonly appId?: string | undefined
  }): Promise<readonly InstalledPackage[]> {
    return expectMember(await this.#call("list", filter), "packages", WHO)
  }

  async describe(packageName: string, packageVersion?: string): Promise<PackageDefinition> {
    const answer = await this.#call("describe", { packageName, packageVersion }, 3)
    return expectObject(expectObject<JsonObject>(answer, WHO)["package"], WHO)
  }

  /** Versions of a package with their release numbers. */
  async versions(packageName: string): Promise<Readonly<Record<string, string>>> {
    const answer = await this.#call("list-versions", { packageName, includePackageVersions: true })
    return expectObject(expectObject<JsonObject>(answer, WHO)["results"], WHO)
  }

  /** The app definition that an installation would post. */
  async render(request: PackageRequest): Promise<JsonObject> {
    const answer = await this.#call("render", request)
    return expectObject(expectObject<JsonObject>(answer, WHO)["marathonJson"], WHO)
  }

  async install(request: PackageRequest): Promise<InstallResult> {
    return expectObject(await this.#call("install", request, 2), WHO)
  }

  async uninstall(request: {
    readonly packageName: string
    readonly appId?: string | undefined
    readonly all?: boolean | undefined
  }): Promise<UninstallResult> {
    return expectObject(await this.#call("uninstall", request), WHO)
  }

  async repositories(): Promise<readonly Repository[]> {
    return expectMember(await this.#call("repository.list", {}), "repositories", WHO)
  }

  async addRepository(repository: Repository, index: number | undefined): Promise<void> {
    await this.#call("repository.add", { ...repository, index })
  }

  async removeRepository(name: string): Promise<void> {
    await this.#call("repository.delete", { name })
  }

  async #call(endpoint: string, json: object, answerVersion = 1): Promise<unknown> {
    const call = {
      method: "POST",
      path: `/package/${endpoint.replace(".", "/")}`,
      json,
      headers: {
        "Content-Type": mediaType(`${endpoint}-request`, 1),
        Accept: `${mediaType(`${endpoint}-response`, answerVersion)},${mediaType("error", 1)}`,
      },
    } as const
    const response = await this.#http.send(call)
    if (response.ok) return this.#http.parse(response, call)
    throw explain(await this.#http.errorOf(response))
  }
}

const mediaType = (kind: string, version: number) =>
  `application/vnd.dcos.package.${kind}+json;charset=utf-8;version=v${version}`

/** Options that do not fit say where and why, not only that they do not. */
function explain(error: ApiError): ApiError {
  const { body, status, message } = error
  if (!isObject(body) || body["type"] !== "JsonSchemaMismatch") return error
  const data = body["data"]
  const errors = isObject(data) && Array.isArray(data["errors"]) ? data["errors"] : []
  const lines = errors.filter(isObject).map((mismatch) => {
    const instance = mismatch["instance"]
    const pointer = isObject(instance) ? textOf(instance["pointer"], "") : ""
    return `\n  ${pointer === "" ? "/" : pointer}: ${textOf(mismatch["message"], "does not fit")}`
  })
  return new ApiError(message + lines.join(""), status, body)
}
