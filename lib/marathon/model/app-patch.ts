import type { AppSpec } from "./app.ts"
import type { Container, PortMapping } from "./container.ts"
import type { PathId } from "./path-id.ts"
import type { Timestamp } from "./timestamp.ts"

/** The fields of an app that a body names, deprecated forms already turned into the new ones. */
export type AppFields = {
  readonly [K in Exclude<keyof AppSpec, "id" | "container">]?: AppSpec[K] | undefined
} & {
  /** `portMappings` undefined means that the body does not speak of them. */
  readonly container?:
    | (Omit<Container, "portMappings"> & {
        readonly portMappings?: readonly PortMapping[] | undefined
      })
    | undefined
}

/** What one app object of a body asks for: types are checked, values not yet. */
export type AppPatch = {
  readonly id: PathId
  /** Where the app stands in the body, "" for the outermost, such as "/groups(0)/apps(1)". */
  readonly path: string
  readonly fields: AppFields
  /** Set when the body only names a stored version to return to; `fields` is then empty. */
  readonly rollbackTo?: Timestamp | undefined
}
