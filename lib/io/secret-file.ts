import { randomBytes } from "node:crypto"
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs"
import { dirname } from "node:path"
import { makePrivateDirectory } from "./host/private-directory.ts"

/** A secret text kept in a file of mode 0600. */
export type SecretFile = { readonly secret: string; readonly created: boolean }

/** Reads the secret at `path`, or makes a new one of 192 random bits there. */
export function openSecretFile(path: string): SecretFile {
  try {
    const secret = readFileSync(path, "utf8").trim()
    if (secret !== "") return { secret, created: false }
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause
  }
  const secret = randomBytes(24).toString("base64url")
  makePrivateDirectory(dirname(path))
  const file = openSync(`${path}.new`, "w", 0o600)
  writeSync(file, `${secret}\n`)
  fsyncSync(file)
  closeSync(file)
  renameSync(`${path}.new`, path)
  return { secret, created: true }
}
