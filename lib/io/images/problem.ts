import type { ImageFailure } from "#lib/ports/index.ts"
import { errorCode, errorText } from "#lib/io/host/files.ts"

/** A pull that cannot go on, on its way to the caller who turns it into a value. */
export class ImageProblem extends Error {
  override readonly name = "ImageProblem"
  readonly code: ImageFailure["code"]

  constructor(code: ImageFailure["code"], message: string) {
    super(message)
    this.code = code
  }
}

/** The failure to report for whatever was thrown while an image was brought here. */
export function failureOf(
  cause: unknown,
  at: { readonly reference: string; readonly store: string; readonly signal: AbortSignal },
): ImageFailure {
  const refuse = (code: ImageFailure["code"], why: string): ImageFailure => ({
    code,
    message: `the image '${at.reference}' cannot be had: ${why}`,
  })
  if (at.signal.aborted) return refuse("cancelled", "the launch was given up")
  if (cause instanceof ImageProblem) return refuse(cause.code, cause.message)
  const code = errorCode(cause)
  if (code === "ENOSPC" || code === "EDQUOT") return refuse("diskFull", fullDisk(at.store))
  return refuse("unable", `the store of images at ${at.store} cannot be used: ${errorText(cause)}`)
}

/** What to say of a full disk. */
export const fullDisk = (store: string): string =>
  `the disk of the store of images at ${store} is full: make room, or have unused images removed` +
  " (the agent's call PRUNE_IMAGES)"
