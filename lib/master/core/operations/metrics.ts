import type { OperationState, ResourceOperation } from "#lib/mesos/index.ts"
import type { Context } from "#lib/master/core/context.ts"

const TYPES: Readonly<Record<ResourceOperation["kind"], string>> = {
  reserve: "reserve",
  unreserve: "unreserve",
  create: "create",
  destroy: "destroy",
  growVolume: "grow_volume",
  shrinkVolume: "shrink_volume",
  createDisk: "create_disk",
  destroyDisk: "destroy_disk",
}

/** Outcomes that are counted; all other states are those of operations known now. */
const COUNTED = ["finished", "failed", "error", "dropped", "gone_by_operator"] as const
const GAUGED = ["pending", "recovering", "unreachable"] as const

/** The type of an operation in the names of metrics. */
export const operationMetric = (kind: ResourceOperation["kind"]): string => TYPES[kind]

const stateMetric = (state: OperationState): string =>
  state.slice("OPERATION_".length).toLowerCase()

/** Counts how an operation ended. */
export function countOutcome(
  ctx: Context,
  kind: ResourceOperation["kind"],
  state: OperationState,
): void {
  const name = stateMetric(state)
  ctx.count(`operations/${name}`)
  ctx.count(`operations/${TYPES[kind]}/${name}`)
}

/**
 * Metrics of operations by their Mesos names, into `metrics`. Costs a pass over those that are not
 * acknowledged. Source: apache/mesos: src/master/metrics.hpp (OperationStates).
 */
export function operationMetrics(ctx: Context, metrics: Record<string, number>): void {
  for (const prefix of ["", ...Object.values(TYPES).map((type) => `${type}/`)]) {
    for (const name of COUNTED) metrics[`master/operations/${prefix}${name}`] ??= 0
    for (const name of ["total", ...GAUGED]) metrics[`master/operations/${prefix}${name}`] = 0
  }
  for (const { info, latestStatus } of ctx.operations.all.values()) {
    const state = stateMetric(latestStatus.state)
    const isGauged = GAUGED.some((name) => name === state)
    for (const prefix of ["", `${TYPES[info.kind]}/`])
      for (const name of isGauged ? ["total", state] : ["total"]) {
        const key = `master/operations/${prefix}${name}`
        metrics[key] = (metrics[key] ?? 0) + 1
      }
  }
}
