import { assert, must } from "#lib/std/assert.ts"
import type { PackageRevision, Repository } from "./catalog.ts"
import { isJsonObject, type JsonObject } from "./json.ts"

/** Compares versions such as "1.10.0-2" part by part, numbers as numbers. */
export function compareVersions(a: string, b: string): number {
  const x = a.split(/[.-]/)
  const y = b.split(/[.-]/)
  for (let i = 0; i < Math.max(x.length, y.length); i++) {
    const left = x[i] ?? ""
    const right = y[i] ?? ""
    const numbers = /^\d+$/.test(left) && /^\d+$/.test(right)
    const order = numbers ? Number(left) - Number(right) : left < right ? -1 : left > right ? 1 : 0
    if (order !== 0) return order
  }
  return 0
}

/**
 * The repository that a folder of the form `<name>/<version>/<file>` holds. The release version of a
 * revision is its position among the package's versions in ascending order. A damaged file is a bug
 * of the folder's owner and fails an assertion that names it.
 */
export function readRepository(
  identity: { readonly name: string; readonly uri: string },
  files: ReadonlyMap<string, string>,
): Repository {
  const versions = new Map<string, string[]>()
  for (const path of files.keys()) {
    const [name, version, file] = path.split("/")
    if (file === "package.json" && name !== undefined && version !== undefined)
      versions.set(name, [...(versions.get(name) ?? []), version])
  }
  const revisions: PackageRevision[] = []
  for (const [name, list] of versions)
    list.sort(compareVersions).forEach((version, releaseVersion) => {
      const folder = `${name}/${version}`
      const metadata = must(
        readJson(files, `${folder}/package.json`),
        `${folder} has no package.json`,
      )
      assert(metadata["name"] === name, `${folder}/package.json names another package`)
      assert(metadata["version"] === version, `${folder}/package.json names another version`)
      revisions.push({
        name,
        version,
        releaseVersion,
        metadata,
        config: readJson(files, `${folder}/config.json`),
        resource: readJson(files, `${folder}/resource.json`),
        template: files.get(`${folder}/marathon.json.mustache`),
      })
    })
  return { ...identity, revisions }
}

function readJson(files: ReadonlyMap<string, string>, path: string): JsonObject | undefined {
  const text = files.get(path)
  if (text === undefined) return undefined
  const value = JSON.parse(text) as unknown
  assert(isJsonObject(value), `${path} is not a JSON object`)
  return value
}
