import { constants } from "node:fs"
import { open, readlink, realpath } from "node:fs/promises"
import type { FileHandle } from "node:fs/promises"
import type { FileLocation, FileProblem } from "#lib/ports/index.ts"
import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"
import { errorCode } from "#lib/io/host/files.ts"

/**
 * Opens what a location names, for reading. Where the open file really lies is asked after opening
 * it, so that a task which exchanges a directory for a link at the right moment gains nothing. Never
 * blocks on a named pipe. Directories can be opened too.
 */
export async function openConfined(
  location: FileLocation,
): Promise<Result<FileHandle, FileProblem>> {
  const shown = location.path === "" ? location.root : location.path
  const denied = err({ code: "denied", message: `'${shown}' lies outside its sandbox` } as const)
  if (location.path.split("/").includes("..") || location.path.includes("\0")) return denied
  try {
    const root = await realpath(location.root)
    const { O_NONBLOCK, O_RDONLY } = constants
    const file = await open(`${root}/${location.path}`, O_NONBLOCK | O_RDONLY)
    const place = await readlink(`/proc/self/fd/${file.fd}`)
    if (place === root || place.startsWith(`${root === "/" ? "" : root}/`)) return ok(file)
    await file.close()
    return denied
  } catch (cause) {
    return err(problemOf(cause, shown))
  }
}

function problemOf(cause: unknown, shown: string): FileProblem {
  switch (errorCode(cause)) {
    case "ENOENT":
    case "ENOTDIR":
      return { code: "notFound", message: `'${shown}' does not exist` }
    case "EACCES":
    case "EPERM":
      return { code: "denied", message: `the agent may not read '${shown}'` }
    // A loop of links, a socket, a pipe without a writer.
    case "ELOOP":
    case "ENXIO":
    case "ENODEV":
      return { code: "notAFile", message: `'${shown}' is not a file` }
    default:
      throw cause
  }
}
