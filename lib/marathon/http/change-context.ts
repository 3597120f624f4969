import type { ApiRequest } from "./api-request.ts"
import type { ChangeContext } from "./change/context.ts"

/** What changes asked by a request are made with. */
export const changeContext = (request: ApiRequest): ChangeContext => ({
  rules: request.rules,
  force: request.flag("force"),
  newGroupsEnforceRole: request.ports.newGroupsEnforceRole ?? false,
})
