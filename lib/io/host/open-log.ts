import { closeSync, constants, fchownSync, openSync } from "node:fs"
import { Descriptor } from "./descriptor.ts"

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY } = constants

/** How a log of the sandbox is opened: for appending, never through a link that an archive planted. */
export const LOG_FLAGS = O_APPEND | O_CREAT | O_NOFOLLOW | O_WRONLY
/** The permissions of a new one. */
export const LOG_MODE = 0o644

/** Opens a log of the sandbox that a container writes. */
export function openLog(
  path: string,
  owner: { readonly uid: number; readonly gid: number } | undefined,
): Descriptor {
  const log = new Descriptor(openSync(path, LOG_FLAGS, LOG_MODE))
  try {
    if (owner !== undefined && process.getuid?.() === 0) fchownSync(log.fd, owner.uid, owner.gid)
    return log
  } catch (cause) {
    closeSync(log.fd)
    throw cause
  }
}
