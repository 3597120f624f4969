import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

/**
 * The files of packages-catalog/ as JSON text: path below it to content. A macro: the bundler calls it
 * while it builds, and the text becomes part of the executable.
 */
export function readCatalog(): string {
  const folder = join(import.meta.dir, "../../../packages-catalog")
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort()
  return JSON.stringify(paths.map((path) => [path, readFileSync(join(folder, path), "utf8")]))
}
