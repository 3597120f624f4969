import type { App, AppSpec } from "./app.ts"
import type { AppPatch } from "./app-patch.ts"
import type { Rejection } from "./rejection.ts"
import type { ModelRules } from "./rules.ts"
import type { Result } from "#lib/std/result.ts"

/** What the meaning and validity of an app depend on beyond its own body. */
export type BuildContext = {
  readonly rules: ModelRules
  /** The stored app of that id, if there is one. */
  readonly current?: App | undefined
  /** Whether fields that the body does not name keep the value of `current`. */
  readonly partial: boolean
  /** Whether the top-level group above the app enforces its own role. */
  readonly enforceRole: boolean
  /** Permits what is otherwise refused for a resident app, such as a change of its role. */
  readonly force: boolean
}

/** Builds a complete app from a patch: merge, normalise, defaults, validation. */
export type BuildApp = (patch: AppPatch, context: BuildContext) => Result<AppSpec, Rejection>
