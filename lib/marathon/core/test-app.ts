import { err, ok } from "#lib/std/result.ts"
import { parentOf } from "../model/index.ts"
import type { App, AppSpec, HealthCheck, PathId, Timestamp } from "../model/index.ts"
import type { Command, RootChange } from "./command.ts"

/** An id in tests. */
export const pathId = (id: string): PathId => id as PathId

/** A small app on the host network, normalised, with the defaults of the API. */
export const testSpec = (change: Partial<AppSpec> = {}): AppSpec => ({
  id: pathId("/web"),
  cmd: "sleep 1000",
  args: [],
  env: {},
  instances: 1,
  cpus: 0.1,
  mem: 32,
  disk: 0,
  gpus: 0,
  executor: "",
  constraints: [],
  fetch: [],
  portDefinitions: [{ port: 0, protocol: "tcp", name: "default", labels: {} }],
  requirePorts: false,
  networks: [{ mode: "host", labels: {} }],
  backoffSeconds: 1,
  backoffFactor: 1.15,
  maxLaunchDelaySeconds: 300,
  healthChecks: [],
  readinessChecks: [],
  dependencies: [],
  upgradeStrategy: { minimumHealthCapacity: 1, maximumOverCapacity: 1 },
  labels: {},
  role: "*",
  secrets: {},
  unreachableStrategy: { inactiveAfterSeconds: 0, expungeAfterSeconds: 0 },
  killSelection: "YOUNGEST_FIRST",
  ...change,
})

/** A stored version of `testSpec`. */
export function testAppVersion(change: Partial<App> = {}): App {
  const version = "2026-01-01T00:00:00.000Z" as Timestamp
  return {
    ...testSpec(change),
    version,
    versionInfo: { lastScalingAt: version, lastConfigChangeAt: version },
    ...change,
  }
}

/** A health check that Marathon runs every 10 s, without grace. */
export const testHealthCheck = (change: Partial<HealthCheck> = {}): HealthCheck => ({
  protocol: "HTTP",
  path: "/health",
  portIndex: 0,
  gracePeriodSeconds: 0,
  intervalSeconds: 10,
  timeoutSeconds: 5,
  maxConsecutiveFailures: 3,
  delaySeconds: 15,
  ignoreHttp1xx: false,
  ipProtocol: "IPv4",
  ...change,
})

const command = (change: RootChange | undefined, groupId: PathId, force: boolean): Command => ({
  kind: "change",
  change: () => (change === undefined ? err("no such app") : ok(change)),
  force,
  groupId,
})

/** Puts whole definitions, as POST and PUT do. */
export const put = (specs: AppSpec | readonly AppSpec[], force = false): Command => {
  const list = Array.isArray(specs) ? (specs as readonly AppSpec[]) : [specs as AppSpec]
  const [first] = list
  const apps = new Map(list.map((spec) => [spec.id, spec]))
  return command({ apps }, parentOf(first?.id ?? pathId("/")), force)
}

/** Changes members of a definition, as a partial PUT does. */
export const patch = (id: string, change: Partial<AppSpec>, force = false): Command => ({
  kind: "change",
  change: (root) => {
    const app = root.app(pathId(id))
    if (app === undefined) return err("no such app")
    return ok({ apps: new Map([[app.id, { ...app, ...change }]]) })
  },
  force,
  groupId: parentOf(pathId(id)),
})

/** Removes an app. */
export const remove = (id: string, force = true): Command =>
  command({ apps: new Map([[pathId(id), null]]) }, parentOf(pathId(id)), force)

/** Replaces all instances of an app. */
export const restart = (id: string, force = false): Command =>
  command({ restart: new Set([pathId(id)]) }, parentOf(pathId(id)), force)
