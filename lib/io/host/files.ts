/** The code of a failed system call, such as "ENOENT", or undefined when it was something else. */
export function errorCode(cause: unknown): string | undefined {
  if (typeof cause !== "object" || cause === null || !("code" in cause)) return undefined
  return typeof cause.code === "string" ? cause.code : undefined
}

/** The text of an error, without its stack. */
export const errorText = (cause: unknown): string =>
  cause instanceof Error ? cause.message : String(cause)

/**
 * What the promise resolves to, or undefined when it fails because the file is not there; one of a
 * process, below /proc, may also end while it is read.
 */
export async function ifExists<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (cause) {
    const code = errorCode(cause)
    if (code === "ENOENT" || code === "ENOTDIR" || code === "ESRCH") return undefined
    throw cause
  }
}
