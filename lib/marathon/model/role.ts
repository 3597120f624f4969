import type { App, AppSpec } from "./app.ts"
import { parentOf, ROOT, topSegment } from "./path-id.ts"
import type { PathId } from "./path-id.ts"
import type { Problems } from "./reader.ts"
import type { ModelRules } from "./rules.ts"

type RoleContext = {
  readonly rules: ModelRules
  readonly current?: App | undefined
  readonly enforceRole: boolean
}

/** The role of an app that names none: its top-level group's where that is enforced. */
export function defaultRoleOf(id: PathId, { rules, enforceRole }: RoleContext): string {
  const group = topGroupOf(id)
  return enforceRole && group !== undefined ? group : rules.defaultRole
}

const topGroupOf = (id: PathId): string | undefined =>
  parentOf(id) === ROOT ? undefined : topSegment(id)

/**
 * Notes at "<path>/role" a role that the app's group does not permit.
 * Source: mesosphere/marathon: docs/docs/multirole.md.
 */
export function checkRole(
  app: AppSpec,
  context: RoleContext & { readonly path: string; readonly problems: Problems },
): void {
  if (app.role === context.current?.role) return
  const group = topGroupOf(app.id)
  const permitted =
    group === undefined
      ? [context.rules.defaultRole]
      : context.enforceRole
        ? [group]
        : [...new Set([context.rules.defaultRole, group])]
  if (permitted.includes(app.role)) return
  context.problems.add(
    `${context.path}/role`,
    `got ${app.role}, expected one of: [${permitted.join(", ")}]`,
  )
}

/** Why a text cannot be a role, or undefined when it can. */
export function roleProblem(role: string): string | undefined {
  if (role === "") return "must not be empty"
  if (role === "." || role === ".." || role.startsWith("-") || /[\s/\\\u007f]/.test(role))
    return `'${role}' is not a valid role name`
  return undefined
}
