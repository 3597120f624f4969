/** Why JSON does not say a message; `path` is the field at fault, such as "accept.offer_ids[0]". */
export type DecodeError = {
  /** "unknownType" is a union whose `type` says UNKNOWN: understood, but nobody can serve it. */
  readonly code: "invalid" | "missing" | "unknownType"
  readonly path: string
  readonly message: string
}

/** Messages may nest this deep, as in protobuf: far beyond any real one, far within the stack. */
const DEPTH_LIMIT = 100

/**
 * One decoding under way. The first failure is kept; its path grows while the decoders return, so
 * that decoding what is right costs no bookkeeping.
 */
export class Decoding {
  #failure: { readonly code: DecodeError["code"]; readonly message: string } | undefined
  #path = ""
  #depth = 0

  /** Whether a decoder has failed; its caller then returns at once. */
  get failed(): boolean {
    return this.#failure !== undefined
  }

  /** Notes the failure; the answer is for the decoder to return. */
  fail(code: DecodeError["code"], message: string): undefined {
    this.#failure ??= { code, message }
    return undefined
  }

  /** Notes that something else was expected here. */
  expected(what: string, json: unknown): undefined {
    return this.fail("invalid", `expected ${what}, got ${describe(json)}`)
  }

  /** Puts a field name or an index before the path of the failure. */
  inside(step: string | number): undefined {
    const head = typeof step === "number" ? `[${step}]` : step
    this.#path =
      this.#path === "" || this.#path.startsWith("[") ? head + this.#path : `${head}.${this.#path}`
    return undefined
  }

  /** Enters a message; false when it nests too deep. */
  enter(): boolean {
    if (++this.#depth <= DEPTH_LIMIT) return true
    this.fail("invalid", `messages nest deeper than ${DEPTH_LIMIT}`)
    return false
  }

  /** Leaves a message. */
  leave(): void {
    this.#depth--
  }

  /** The failure as a value, or undefined when there was none. */
  error(): DecodeError | undefined {
    const failure = this.#failure
    if (failure === undefined) return undefined
    const path = this.#path
    return { ...failure, path, message: path ? `'${path}': ${failure.message}` : failure.message }
  }
}

function describe(json: unknown): string {
  if (json === null) return "null"
  if (Array.isArray(json)) return "an array"
  if (typeof json === "object") return "an object"
  if (typeof json === "string") return `"${json.length > 40 ? `${json.slice(0, 40)}…` : json}"`
  return typeof json === "number" || typeof json === "boolean" ? `${json}` : "nothing"
}
