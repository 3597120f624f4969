import { mkdirSync } from "node:fs"
import { dirname } from "node:path"

/**
 * Makes a directory that only the agent's or master's own account can enter. Parents that are missing
 * are made too, open to pass through: the sandboxes of other users may lie beside it.
 */
export function makePrivateDirectory(path: string): void {
  mkdirSync(dirname(path), { recursive: true })
  mkdirSync(path, { recursive: true, mode: 0o700 })
}
