import type { Result } from "#lib/std/result.ts"
import type { App, AppSpec } from "./app.ts"
import { buildApp } from "./build.ts"
import type { BuildContext } from "./build.ts"
import { parseApp } from "./parse-app.ts"
import { ROOT } from "./path-id.ts"
import type { Rejection } from "./rejection.ts"
import { DEFAULT_RULES } from "./rules.ts"
import { formatTimestamp } from "./timestamp.ts"

/** A JSON object in tests. */
export type Json = Record<string, unknown>

/** Rules with every feature that changes what is valid. */
export const allRules = {
  ...DEFAULT_RULES,
  features: new Set(["external_volumes", "secrets", "gpu_resources"] as const),
}

const context: BuildContext = {
  rules: allRules,
  partial: false,
  enforceRole: false,
  force: false,
}

/** Reads and builds one app; an update when `current` is given. */
export function build(json: unknown, over: Partial<BuildContext> = {}): Result<AppSpec, Rejection> {
  const all = { ...context, ...over }
  const update = over.current !== undefined
  const id = over.current?.id
  const patch = parseApp(json, { rules: all.rules, base: ROOT, update, ...(id ? { id } : {}) })
  return patch.ok ? buildApp(patch.value, all) : patch
}

/** The app that a body makes. */
export function built(json: Json, over: Partial<BuildContext> = {}): AppSpec {
  const result = build(json, over)
  if (!result.ok) throw new Error(JSON.stringify(result.error))
  return result.value
}

/** Why a body is refused. */
export function rejected(json: unknown, over: Partial<BuildContext> = {}): Rejection {
  const result = build(json, over)
  if (result.ok) throw new Error("was accepted")
  return result.error
}

/** The version of all stored apps. */
export const at = formatTimestamp(0)
/** An app as it is stored. */
export const stored = (json: Json): App => ({
  ...built(json),
  version: at,
  versionInfo: { lastScalingAt: at, lastConfigChangeAt: at },
})

/** A small app. */
export const S = { id: "/s", cmd: "sleep 1000", cpus: 0.1, mem: 32 }
/** A small app in Docker. */
export const D = { id: "/d", container: { type: "DOCKER", docker: { image: "nginx" } } }
/** An app on the bridge with these port mappings. */
export const bridge = (portMappings: unknown): Json => ({
  ...D,
  networks: [{ mode: "container/bridge" }],
  container: { ...D.container, portMappings },
})
/** An app that keeps data. */
export const resident = {
  ...S,
  role: "*",
  container: {
    type: "MESOS",
    volumes: [{ containerPath: "data", mode: "RW", persistent: { size: 10 } }],
  },
}

/** A small app with one health check. */
export const hostCheck = (check: Json): Json => ({ ...S, healthChecks: [check] })
