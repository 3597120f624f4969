import { err, ok, type Result } from "#lib/std/result.ts"
import { errors, type CosmosError } from "./errors.ts"
import { textMember, type JsonObject } from "./json.ts"

/** One revision of a package, as its files in a repository say. */
export type PackageRevision = {
  readonly name: string
  readonly version: string
  /** Grows with each revision of the package; the highest is the newest. */
  readonly releaseVersion: number
  /** package.json */
  readonly metadata: JsonObject
  /** config.json */
  readonly config?: JsonObject | undefined
  /** resource.json */
  readonly resource?: JsonObject | undefined
  /** marathon.json.mustache */
  readonly template?: string | undefined
}

/** A named collection of revisions. */
export type Repository = {
  readonly name: string
  readonly uri: string
  readonly revisions: readonly PackageRevision[]
}

/** One line of a search. */
export type SearchHit = {
  readonly name: string
  readonly currentVersion: string
  /** Release version by version. */
  readonly versions: Readonly<Record<string, string>>
  readonly description: string
  readonly framework: boolean
  readonly tags: readonly string[]
  readonly selected: boolean
  readonly images?: JsonObject | undefined
}

/** A revision and the repository it comes from. */
export type Found = { readonly repository: Repository; readonly revision: PackageRevision }

/** All packages of several repositories, in the order of priority of the repositories. */
export class Catalog {
  readonly repositories: readonly Repository[]
  readonly #byName = new Map<string, Found[]>()

  constructor(repositories: readonly Repository[]) {
    this.repositories = repositories
    for (const repository of repositories) {
      const newestFirst = repository.revisions.toSorted(
        (a, b) => b.releaseVersion - a.releaseVersion,
      )
      for (const revision of newestFirst) {
        const found = this.#byName.get(revision.name) ?? []
        if (!found.some((one) => one.revision.version === revision.version))
          found.push({ repository, revision })
        this.#byName.set(revision.name, found)
      }
    }
  }

  /** The revision of that version, or the newest of the first repository that has the package. */
  find(name: string, version?: string): Result<Found, CosmosError> {
    const revisions = this.#byName.get(name)
    if (revisions === undefined) return err(errors.packageNotFound(name))
    const found =
      version === undefined
        ? revisions[0]
        : revisions.find((one) => one.revision.version === version)
    return found === undefined ? err(errors.versionNotFound(name, version ?? "")) : ok(found)
  }

  /** Release version by version, newest first. */
  versions(name: string): Result<Readonly<Record<string, string>>, CosmosError> {
    const revisions = this.#byName.get(name)
    if (revisions === undefined) return err(errors.packageNotFound(name))
    return ok(
      Object.fromEntries(
        revisions.map(({ revision }) => [revision.version, String(revision.releaseVersion)]),
      ),
    )
  }

  /** Packages whose name, description or a tag matches; selected ones first, then by name. */
  search(query: string | undefined): readonly SearchHit[] {
    const matches = matcher(query)
    return [...this.#byName.values()]
      .map((revisions) => toHit(revisions))
      .filter((hit) => [hit.name, hit.description, ...hit.tags].some(matches))
      .sort((a, b) => Number(b.selected) - Number(a.selected) || (a.name < b.name ? -1 : 1))
  }
}

/** `*` stands for any run of characters; without one, any text that contains the query matches. */
function matcher(query: string | undefined): (text: string) => boolean {
  const wanted = (query ?? "").toLowerCase()
  if (!wanted.includes("*")) return (text) => text.toLowerCase().includes(wanted)
  const parts = wanted.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
  const pattern = new RegExp(`^${parts.join(".*")}$`, "s")
  return (text) => pattern.test(text.toLowerCase())
}

function toHit(revisions: readonly Found[]): SearchHit {
  const newest = (revisions[0] as Found).revision
  const { metadata, resource } = newest
  return {
    name: newest.name,
    currentVersion: newest.version,
    versions: Object.fromEntries(
      revisions.map(({ revision }) => [revision.version, String(revision.releaseVersion)]),
    ),
    description: textMember(metadata, "description"),
    framework: metadata["framework"] === true,
    tags: Array.isArray(metadata["tags"]) ? metadata["tags"].map(String) : [],
    selected: metadata["selected"] === true,
    images: resource?.["images"] as JsonObject | undefined,
  }
}
