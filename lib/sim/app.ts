import type { Change, RootChange } from "#lib/marathon/index.ts"
import { err, ok } from "#lib/std/result.ts"
import type { Random } from "#lib/std/random.ts"
import { scriptCommand } from "./containers.ts"

type Apps = NonNullable<RootChange["apps"]>

/** The definition of an app as commands of Marathon take it. */
export type Spec = NonNullable<Apps extends ReadonlyMap<unknown, infer S> ? S : never>
/** The id of an app. */
export type AppId = Spec["id"]

/** Most instances of one app: all apps of a run fit into the cluster together, also while updated. */
export const INSTANCES_MAX = 4

/** The environment variable that tells one version of a definition from the others. */
export const TAG = "TAG"

/** The id of an app of the workload. */
export const appId = (index: number): AppId => `/app-${index}` as AppId

/** A definition with the given id, and everything that may matter drawn at random. */
export function randomSpec(random: Random, id: AppId, tag: number): Spec {
  const health = random.below(3)
  return {
    id,
    cmd: scriptCommand({ status: 0 }).value,
    args: [],
    env: { [TAG]: String(tag) },
    instances: 1 + random.below(INSTANCES_MAX),
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
    maxLaunchDelaySeconds: random.pick([5, 300]),
    healthChecks: health === 0 ? [] : [healthCheck(health === 1 ? "HTTP" : "MESOS_HTTP")],
    readinessChecks: [],
    dependencies: [],
    upgradeStrategy: {
      minimumHealthCapacity: random.pick([0, 0.5, 1]),
      maximumOverCapacity: random.pick([0, 0.5, 1]),
    },
    labels: {},
    role: "*",
    secrets: {},
    unreachableStrategy: random.pick([
      { inactiveAfterSeconds: 0, expungeAfterSeconds: 0 },
      { inactiveAfterSeconds: 30, expungeAfterSeconds: 120 },
    ]),
    killSelection: random.pick(["YOUNGEST_FIRST", "OLDEST_FIRST"] as const),
  }
}

const healthCheck = (protocol: "HTTP" | "MESOS_HTTP"): Spec["healthChecks"][number] => ({
  protocol,
  path: "/health",
  portIndex: 0,
  gracePeriodSeconds: 20,
  intervalSeconds: 10,
  timeoutSeconds: 5,
  maxConsecutiveFailures: 3,
  delaySeconds: 5,
  ignoreHttp1xx: false,
  ipProtocol: "IPv4",
})

/** Puts a definition in the place of whatever is there; null removes it. */
export const putApp =
  (id: AppId, spec: Spec | null): Change =>
  () =>
    ok({ apps: new Map([[id, spec]]) })

/** Changes members of a definition; refused when there is none. */
export const patchApp =
  (id: AppId, change: Partial<Spec>): Change =>
  (root) => {
    const app = root.app(id)
    return app === undefined
      ? err("no such app")
      : ok({ apps: new Map([[id, { ...app, ...change }]]) })
  }

/** Replaces all instances of an app. */
export const restartApp =
  (id: AppId): Change =>
  () =>
    ok({ restart: new Set([id]) })
