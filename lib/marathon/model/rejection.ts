/** What is wrong at one place of a body, such as "/container/portMappings(0)/servicePort". */
export type PathProblem = { readonly path: string; readonly errors: readonly string[] }

/** Why a request was refused; the API maps each code to one HTTP status and body. */
export type Rejection =
  /** 400: the body is not JSON; `details` is the parser's text. */
  | { readonly code: "notJson"; readonly details: string }
  /** 400: there is no body. */
  | { readonly code: "noBody"; readonly details: string }
  /** 400: the request contradicts itself. */
  | { readonly code: "badRequest"; readonly message: string }
  /** 403: a limit of the service, such as the number of running deployments. */
  | { readonly code: "limit"; readonly message: string }
  /** 404: "App '/x' does not exist" and the like. */
  | { readonly code: "notFound"; readonly message: string }
  /** 409: something with that id exists. */
  | { readonly code: "conflict"; readonly message: string }
  /** 409: running deployments hold what the request would change. */
  | { readonly code: "locked"; readonly deployments: readonly string[] }
  /** 422: members have the wrong types. */
  | { readonly code: "badTypes"; readonly details: readonly PathProblem[] }
  /** 422: the types are right, the values are not. */
  | { readonly code: "invalid"; readonly details: readonly PathProblem[] }
  /** 422: an argument outside the body cannot be read. */
  | { readonly code: "illegal"; readonly message: string }
  /** 500: the range of service ports is used up, or a broken stored state. */
  | { readonly code: "failed"; readonly message: string }
  /** 501: what this release does not have yet; the message names it. */
  | { readonly code: "notImplemented"; readonly message: string }
  /** 503: not the leader yet, or the store does not answer. */
  | { readonly code: "unavailable"; readonly message: string }
