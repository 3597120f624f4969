import type { AppPatch } from "./app-patch.ts"
import type { PathId } from "./path-id.ts"
import type { Timestamp } from "./timestamp.ts"

/** What a body says about a group and what lies in it. An absent member keeps what is there. */
export type GroupContent = {
  readonly id: PathId
  /** Where the group stands in the body, "" for the outermost, such as "/groups(0)". */
  readonly path: string
  /** The set of apps directly in the group becomes exactly this. */
  readonly apps?: readonly AppPatch[] | undefined
  /** The set of child groups becomes exactly this. */
  readonly groups?: readonly GroupContent[] | undefined
  readonly dependencies?: readonly PathId[] | undefined
  readonly enforceRole?: boolean | undefined
}

/** A change of a group. */
export type GroupChange =
  | { readonly kind: "content"; readonly content: GroupContent }
  /** Multiply the instances of every app below, rounding up. */
  | { readonly kind: "scale"; readonly factor: number }
  /** Back to the content of a stored version. */
  | { readonly kind: "rollback"; readonly version: Timestamp }
