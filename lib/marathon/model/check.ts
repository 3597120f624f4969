import type { Problems } from "./reader.ts"
import type { Feature, ModelRules } from "./rules.ts"

/** Where problems of an app are noted, and by which rules. */
export type CheckContext = {
  readonly path: string
  readonly problems: Problems
  readonly rules: ModelRules
}

/** Notes at `path` that a feature is used which is off. The stray bracket is the original's. */
export function requireFeature(feature: Feature, path: string, context: CheckContext): void {
  if (!context.rules.features.has(feature))
    context.problems.add(
      path,
      `Feature ${feature} is not enabled. Enable with --enable_features ${feature})`,
    )
}

/** A number as the original prints it: always with a decimal. */
export const decimal = (value: number): string =>
  Number.isInteger(value) ? value.toFixed(1) : String(value)
