import type { App, AppSpec } from "./app.ts"
import { omit } from "./reader.ts"
import { sameJson } from "./same.ts"

/** What an update changes of an app: nothing, only the number of instances, or its configuration. */
export type AppChange = "none" | "scale" | "config"

const OUTSIDE_CONFIG = ["version", "versionInfo", "instances"] as const

/** Compares the stored app with the next one; service ports must be assigned in both. */
export function appChange(current: App, next: AppSpec | App): AppChange {
  const config = omit(current, OUTSIDE_CONFIG)
  const wanted: Readonly<Record<string, unknown>> = next
  const same = Object.keys({ ...config, ...next })
    .filter((name) => !OUTSIDE_CONFIG.some((outside) => outside === name))
    .every((name) => sameJson((config as Record<string, unknown>)[name], wanted[name]))
  if (!same) return "config"
  return current.instances === next.instances ? "none" : "scale"
}
