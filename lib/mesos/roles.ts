/** The role of frameworks that name none, and of resources that nobody reserved. */
export const DEFAULT_ROLE = "*"

const forbidden = /[\t\n\v\f\r \u007f]/

/**
 * Why a text cannot be a role, or undefined when it can. Components are separated by "/"; "*" stands
 * alone. Source: apache/mesos: src/common/roles.cpp.
 */
export function roleProblem(role: string): string | undefined {
  if (role === DEFAULT_ROLE) return undefined
  if (role === "") return "Role name must not be empty"
  // Half a character is stored as another, and so two roles would be one.
  if (!role.isWellFormed()) return "Role name is not valid Unicode"
  for (const component of role.split("/")) {
    if (component === "") return `Role '${role}' contains an empty component`
    if (component === "." || component === ".." || component === DEFAULT_ROLE)
      return `Role '${role}' contains the disallowed component '${component}'`
    if (component.startsWith("-"))
      return `Role '${role}' contains component '${component}', which starts with a dash`
    if (forbidden.test(component))
      return `Role '${role}' contains whitespace or a control character`
  }
  return undefined
}

/** Whether `role` lies strictly below `ancestor`, as "eng/web" does below "eng". */
export const isStrictSubrole = (role: string, ancestor: string): boolean =>
  role.length > ancestor.length + 1 &&
  role.charCodeAt(ancestor.length) === 0x2f &&
  role.startsWith(ancestor)
