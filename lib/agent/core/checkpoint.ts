import type {
  DrainConfig,
  FrameworkId,
  FrameworkInfo,
  OfferOperation,
  OperationStatus,
  Resources,
  TaskId,
  TaskStatus,
} from "#lib/mesos/index.ts"
import type { ContainerId } from "#lib/ports/index.ts"
import { assert } from "#lib/std/assert.ts"
import type {
  ExecutorLaunch,
  ExecutorProgress,
  TaskKey,
  TaskLaunch,
  TaskProgress,
} from "./records.ts"
import type { CalledContainer } from "./nested/records.ts"
import type { Turn } from "./turn.ts"
import type { AgentIdentity, StoreEntry } from "./types.ts"
import type { VolumePlace } from "./volumes.ts"

/** Version of every value below "/agent/". Older ones are migrated here when there are any. */
const SCHEMA = 1

/** Everything the agent keeps lies below this. */
export const AGENT_PREFIX = "/agent/"

/** A framework as it is stored. */
export type StoredFramework = {
  readonly id: FrameworkId
  readonly info: FrameworkInfo
  readonly order: number
  readonly terminating: boolean
  readonly idleSince?: number | undefined
}

/** An executor as it is stored. */
export type StoredExecutor = ExecutorLaunch & {
  readonly progress?: ExecutorProgress | undefined
  readonly completedAt?: number | undefined
}

/** Status updates that a framework has not acknowledged, oldest first. */
export type StoredStream = {
  readonly frameworkId: FrameworkId
  readonly taskId: TaskId
  readonly pending: readonly TaskStatus[]
}

/** A sandbox that may be removed, and since when (milliseconds) nobody needs it. */
export type StoredGarbage = { readonly path: string; readonly since: number }

/** How the agent is being drained. */
export type StoredDrain = { readonly config: DrainConfig; readonly since: number }

/** What the agent has, with reservations and volumes. */
export type StoredResources = { readonly resources: Resources }

/** An operation whose outcome is not acknowledged. */
export type StoredOperation = {
  /** Base64 of 16 bytes. */
  readonly uuid: string
  readonly frameworkId?: FrameworkId | undefined
  readonly info: OfferOperation
  readonly status: OperationStatus
}

/** What each key of the store holds. */
export type Stored = {
  readonly identity: AgentIdentity
  readonly framework: StoredFramework
  readonly executor: StoredExecutor
  readonly task: TaskLaunch
  readonly progress: TaskProgress
  readonly updates: StoredStream
  readonly garbage: StoredGarbage
  readonly drain: StoredDrain
  readonly resources: StoredResources
  readonly operation: StoredOperation
  readonly doomed: VolumePlace
  readonly container: CalledContainer
}

/** Keys of the store. Ids hold no slash, so that no two of them can meet. */
export const keys = {
  identity: () => `${AGENT_PREFIX}identity`,
  framework: (id: FrameworkId) => `${AGENT_PREFIX}framework/${id}`,
  executor: (id: ContainerId) => `${AGENT_PREFIX}executor/${id}`,
  task: (id: TaskKey) => `${AGENT_PREFIX}task/${id}`,
  progress: (id: TaskKey) => `${AGENT_PREFIX}progress/${id}`,
  updates: (frameworkId: FrameworkId, taskId: TaskId) =>
    `${AGENT_PREFIX}updates/${frameworkId}/${taskId}`,
  garbage: (path: string) => `${AGENT_PREFIX}garbage${path}`,
  drain: () => `${AGENT_PREFIX}drain`,
  resources: () => `${AGENT_PREFIX}resources`,
  operation: (uuid: string) => `${AGENT_PREFIX}operation/${uuid}`,
  doomed: (path: string) => `${AGENT_PREFIX}doomed${path}`,
  container: (id: ContainerId) => `${AGENT_PREFIX}container/${id}`,
} as const

/** Stores a value. It must not be changed afterwards: the commit happens after the step. */
export function put<K extends keyof Stored>(
  turn: Turn,
  kind: K,
  key: string,
  value: Stored[K],
): void {
  assert(key.startsWith(`${AGENT_PREFIX}${kind}`), `${key} does not hold a ${kind}`)
  turn.out.push({ kind: "put", key, value: { schema: SCHEMA, ...value } })
}

/** Removes what a key holds. */
export function remove(turn: Turn, key: string): void {
  turn.out.push({ kind: "delete", key })
}

/** All that was stored, by kind, in the order of the keys. */
export type Recovered = { readonly [K in keyof Stored]: readonly Stored[K][] }

/** An entry of the store that this agent cannot read. */
export type Unreadable = { readonly key: string; readonly why: string }

/** Sorts the entries of the store by what they hold; names those that are none of this agent's. */
export function readStore(entries: readonly StoreEntry[]): {
  readonly stored: Recovered
  readonly unreadable: readonly Unreadable[]
} {
  const stored: { [K in keyof Stored]: Stored[K][] } = {
    identity: [],
    framework: [],
    executor: [],
    task: [],
    progress: [],
    updates: [],
    garbage: [],
    drain: [],
    resources: [],
    operation: [],
    doomed: [],
    container: [],
  }
  const unreadable: Unreadable[] = []
  for (const [key, value] of entries) {
    const kind = /^\/agent\/([a-z]+)(?:\/|$)/.exec(key)?.[1] ?? ""
    const { schema, ...rest } = (value ?? {}) as { readonly schema?: unknown }
    if (!Object.hasOwn(stored, kind)) {
      unreadable.push({ key, why: `the store holds ${key}, which this agent does not know` })
    } else if (schema !== SCHEMA) {
      const why = `the store holds ${key} in version ${String(schema)}; this agent reads version ${SCHEMA}`
      unreadable.push({ key, why })
    } else (stored[kind as keyof Stored] as unknown[]).push(rest)
  }
  return { stored, unreadable }
}
