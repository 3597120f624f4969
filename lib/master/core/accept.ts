import {
  equalResources,
  exclusive,
  NO_RESOURCES,
  normalizeResources,
  shared,
  subtractResources,
  sumResources,
  type Filters,
  type OfferOperation,
  type Resource,
  type ResourceOperation,
  type Resources,
  type TaskInfo,
  type scheduler,
} from "#lib/mesos/index.ts"
import type { Context } from "./context.ts"
import { launch, launchGroup } from "./launch.ts"
import { discardOffer, forgetOffer, recoverOffered } from "./offers.ts"
import { operate } from "./operations/in-accept.ts"
import { operationMetric } from "./operations/metrics.ts"
import { refuse } from "./operations/progress.ts"
import type { Pool } from "./pool.ts"
import type { FrameworkRecord, OfferRecord } from "./records.ts"
import { sendMasterStatus } from "./statuses.ts"
import { stateFor } from "./task-states.ts"
import type { MasterReply } from "./types.ts"
import { resolveOffers } from "./validation/offers.ts"

/** Source: apache/mesos: include/mesos/v1/mesos.proto (Filters.refuse_seconds). */
const REFUSE_SECONDS = 5

/** ACCEPT: runs the operations on the pooled offers, in order, and gives back what they leave. */
export function accept(
  ctx: Context,
  framework: FrameworkRecord,
  { offerIds = [], operations = [], filters }: scheduler.CallAccept,
): MasterReply {
  ctx.count("messages_launch_tasks")
  const resolved = resolveOffers(offerIds, framework.id, ctx.offers)
  if (!resolved.ok) {
    for (const id of offerIds) {
      const offer = ctx.offers.get(id)
      if (offer?.framework === framework) discardOffer(ctx, offer)
    }
    dropOperations(ctx, framework, operations, resolved.error)
    return { status: 202 }
  }
  const offers = resolved.value
  for (const offer of offers) forgetOffer(ctx, offer)
  framework.count("offers/accepted", offers.length)
  const [{ agent, role }] = offers
  const pool: Pool = { framework, agent, role, remaining: poolOf(ctx, offers) }
  const offered = pool.remaining
  for (const operation of operations) apply(ctx, pool, operation)
  giveBack(ctx, pool, offered, filters)
  return { status: 202 }
}

/** All that the offers hold; of a shared volume that several of them have, one copy is enough. */
function poolOf(ctx: Context, offers: readonly [OfferRecord, ...OfferRecord[]]): Resources {
  const [{ resources, framework, agent }] = offers
  if (offers.length === 1) return resources
  const all = sumResources(offers.map((offer) => offer.resources))
  const volumes = shared(all)
  if (volumes.length === 0) return all
  const once = volumes.filter((volume, i) => !equalTo(volumes[i - 1], volume))
  const pool = normalizeResources([...exclusive(all), ...once])
  ctx.allocator.recover(framework.id, agent.id, subtractResources(all, pool))
  return pool
}

const equalTo = (a: Resource | undefined, b: Resource): boolean =>
  a !== undefined && equalResources([a], [b])

/** What is left is declined, except for what operations made: that is offered anew. */
function giveBack(
  ctx: Context,
  { framework, agent, remaining }: Pool,
  offered: Resources,
  filters: Filters | undefined,
): void {
  if (remaining.length === 0) return
  const owner = { frameworkId: framework.id, agentId: agent.id }
  const changed = remaining === offered ? NO_RESOURCES : subtractResources(remaining, offered)
  const refusedForMs = refusalMs(ctx, filters, remaining !== offered)
  recoverOffered(ctx, owner, subtractResources(remaining, changed), { refusedForMs })
  recoverOffered(ctx, owner, changed)
}

/** DECLINE: gives the offers back; those that are gone or another's are ignored. */
export function decline(
  ctx: Context,
  framework: FrameworkRecord,
  { offerIds = [], filters }: scheduler.CallDecline,
): void {
  ctx.count("messages_decline_offers")
  for (const id of offerIds) {
    const offer = ctx.offers.get(id)
    if (offer?.framework !== framework) continue
    framework.count("offers/declined")
    discardOffer(ctx, offer, { refusedForMs: refusalMs(ctx, filters, false) })
  }
}

/**
 * How long refused resources stay hidden. No time at all is kept only for what a framework left after
 * it used some: one that used nothing would otherwise be offered the same again at once, for ever.
 */
function refusalMs(ctx: Context, filters: Filters | undefined, usedSome: boolean): number {
  const seconds = filters?.refuseSeconds ?? REFUSE_SECONDS
  const wanted = seconds >= 0 ? seconds : REFUSE_SECONDS
  if (wanted === 0 && usedSome) return 0
  return Math.max(wanted * 1000, ctx.timings.refusalPauseMs)
}

const isLaunch = (
  operation: OfferOperation,
): operation is Exclude<OfferOperation, ResourceOperation> =>
  operation.kind === "launch" || operation.kind === "launchGroup"

function apply(ctx: Context, pool: Pool, operation: OfferOperation): void {
  pool.framework.count("operations")
  switch (operation.kind) {
    case "launch":
      pool.framework.count("operations/launch")
      for (const task of operation.taskInfos ?? [])
        launch(ctx, pool, task, operation.id !== undefined)
      return
    case "launchGroup":
      pool.framework.count("operations/launch_group")
      return launchGroup(ctx, pool, operation)
    case "reserve":
    case "unreserve":
    case "create":
    case "destroy":
    case "growVolume":
    case "shrinkVolume":
    case "createDisk":
    case "destroyDisk":
      pool.framework.count(`operations/${operationMetric(operation.kind)}`)
      return operate(ctx, pool, operation)
    default:
      return operation satisfies never
  }
}

/** None of the operations can be tried: the offers they were for are not there. */
function dropOperations(
  ctx: Context,
  framework: FrameworkRecord,
  operations: readonly OfferOperation[],
  message: string,
): void {
  for (const operation of operations) {
    if (!isLaunch(operation)) refuse(ctx, framework, operation, message)
    for (const { taskId, agentId } of tasksOf(operation))
      sendMasterStatus(ctx, framework, {
        taskId,
        agentId,
        state: stateFor(framework, "TASK_DROPPED"),
        reason: "REASON_INVALID_OFFERS",
        message: `Task launched with invalid offers: ${message}`,
      })
  }
}

function tasksOf(operation: OfferOperation): readonly TaskInfo[] {
  if (operation.kind === "launch") return operation.taskInfos ?? []
  return operation.kind === "launchGroup" ? (operation.taskGroup.tasks ?? []) : []
}
