import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"
import { ancestorsOf, isBelow } from "../model/index.ts"
import type { App, PathId } from "../model/index.ts"
import type { Refusal } from "./command.ts"
import type { Action, GroupNode, Step } from "./records.ts"

/** The root group that a plan leads to. */
export type PlanTarget = {
  readonly app: (id: PathId) => App | undefined
  readonly group: (id: PathId) => GroupNode | undefined
  /** Ids of all apps of the target. */
  readonly appIds: () => Iterable<PathId>
}

/** What changes of one app: absent before means new, absent after means removed. */
export type AppChange = {
  readonly id: PathId
  readonly before: App | undefined
  readonly after: App | undefined
  /** Whether instances of another configuration run still, as after a replacement cut short. */
  readonly isMixed: boolean
}

/**
 * The steps of a deployment: stop what is removed, register what is new, then scale or restart in the
 * order of dependencies. Refused with `cyclicDependencies` when there is no such order.
 * Source: marathon-api reference, section 5.1.
 */
export function planSteps(
  changes: readonly AppChange[],
  target: PlanTarget,
): Result<readonly Step[], Refusal> {
  const stops: Action[] = []
  const starts: Action[] = []
  const byDepth = new Map<number, Action[]>()
  const depths = new Depths(target)
  for (const { id, before, after, isMixed } of changes) {
    if (after === undefined) {
      stops.push({ action: "StopApplication", app: id })
      continue
    }
    if (before === undefined) starts.push({ action: "StartApplication", app: id })
    const action = actionFor(before, after, isMixed)
    const depth = depths.of(id)
    if (depth === undefined) return err({ code: "cyclicDependencies", ids: depths.cycle })
    if (action === undefined) continue
    const actions = byDepth.get(depth) ?? []
    actions.push({ action, app: id })
    byDepth.set(depth, actions)
  }
  const ordered = [...byDepth].sort(([a], [b]) => a - b).map(([, actions]) => actions)
  return ok([stops, starts, ...ordered].filter((list) => list.length > 0).map(toStep))
}

const toStep = (actions: Action[]): Step => ({ actions })

function actionFor(
  before: App | undefined,
  after: App,
  isMixed: boolean,
): Action["action"] | undefined {
  if (before === undefined) return "ScaleApplication"
  if (before.version === after.version) return undefined
  if (after.instances === 0) return "ScaleApplication"
  if (isMixed) return "RestartApplication"
  return before.versionInfo.lastConfigChangeAt === after.versionInfo.lastConfigChangeAt
    ? "ScaleApplication"
    : "RestartApplication"
}

/** Depths in the dependency graph: 1 for an app that depends on nothing. */
class Depths {
  readonly #target: PlanTarget
  readonly #known = new Map<PathId, number>()
  readonly #path = new Set<PathId>()
  cycle: readonly PathId[] = []

  constructor(target: PlanTarget) {
    this.#target = target
  }

  /** The depth of an app; undefined, with `cycle` set, when it depends on itself. */
  of(id: PathId): number | undefined {
    const known = this.#known.get(id)
    if (known !== undefined) return known
    if (this.#path.has(id)) {
      this.cycle = [...this.#path]
      return undefined
    }
    this.#path.add(id)
    let deepest = 0
    for (const dependency of this.#dependencies(id)) {
      const depth = this.of(dependency)
      if (depth === undefined) return undefined
      deepest = Math.max(deepest, depth)
    }
    this.#path.delete(id)
    this.#known.set(id, deepest + 1)
    return deepest + 1
  }

  *#dependencies(id: PathId): Iterable<PathId> {
    const declared = [...(this.#target.app(id)?.dependencies ?? [])]
    for (const group of ancestorsOf(id))
      declared.push(...(this.#target.group(group)?.dependencies ?? []))
    for (const dependency of declared) {
      if (dependency === id) continue
      if (this.#target.app(dependency) !== undefined) yield dependency
      else if (this.#target.group(dependency) !== undefined)
        for (const app of this.#target.appIds())
          if (app !== id && isBelow(app, dependency)) yield app
    }
  }
}
