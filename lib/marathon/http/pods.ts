import { refuse } from "./answer.ts"
import type { ApiRequest, Resource } from "./api-request.ts"

const later = ({ raw, path }: ApiRequest): Response =>
  refuse({
    code: "notImplemented",
    message: `${raw.method} ${path} is not there yet: pods come with a later release.`,
  })

/** Everything below /v2/pods: pods are not there yet, and say so. */
export const pods: Resource = {
  GET: later,
  HEAD: later,
  POST: later,
  PUT: later,
  PATCH: later,
  DELETE: later,
}
