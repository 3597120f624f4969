import { StartError } from "./process.ts"

/** What to do about a fault of the file system, by its code. */
const REMEDIES: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full: free some space and start again",
  EDQUOT: "the disk quota is used up: free some space and start again",
  EROFS: "the file system is read-only: give another --work-dir",
  EACCES: "this user may not write there: change its owner, or give another --work-dir",
  EPERM: "this user may not write there: change its owner, or give another --work-dir",
  ENOTDIR: "a part of the path is a file: give another --work-dir",
}

/**
 * Does what a daemon needs before it can start in its work directory. Throws a `StartError` that names
 * the cause and the remedy when the file system does not let it.
 */
export async function inWorkDir<T>(workDir: string, prepare: () => T | Promise<T>): Promise<T> {
  try {
    return await prepare()
  } catch (cause) {
    const { code, message } = cause as { readonly code?: unknown; readonly message?: string }
    if (typeof code !== "string") throw cause
    const remedy = REMEDIES[code] ?? `${message}; give another --work-dir`
    throw new StartError(`cannot use the work directory ${workDir}: ${remedy}`)
  }
}
