/** Nobody answered: refused, unknown host, too late, cut off. The message says which address and how to change it. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError"
}

/** The server answered, but with an error. `message` is its own text where it gave one. */
export class ApiError extends Error {
  override readonly name = "ApiError"
  readonly status: number
  /** The body as JSON, or undefined when it is none. */
  readonly body: unknown

  constructor(message: string, status: number, body: unknown) {
    super(message)
    this.status = status
    this.body = body
  }
}

/** The server answered something of another shape than its API defines. */
export class UnexpectedAnswerError extends Error {
  override readonly name = "UnexpectedAnswerError"
}
