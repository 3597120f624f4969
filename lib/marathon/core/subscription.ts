import type { FrameworkInfo, scheduler, TaskId } from "#lib/mesos/index.ts"
import type { Core } from "./core.ts"
import { isTerminal } from "./condition.ts"
import { requestKill } from "./kill.ts"
import type { Instance } from "./records.ts"
import type { OtherCall } from "./types.ts"

/** The pause before the n-th attempt to subscribe doubles up to a limit. */
const FIRST_PAUSE_MS = 100
const PAUSE_LIMIT_MS = 15_000

/** How soon after a refused call tasks are reconciled; also the pace while all calls are refused. */
const REFUSED_RECONCILE_MS = 5000

/** How soon after a refused answer to an offer it is declined; also the pace while all are refused. */
const REFUSED_DECLINE_MS = 5000

/** How long such an offer's resources stay away: something may be waiting for them. */
const UNANSWERED_REFUSE_S = 1

/** Offers that are remembered until they are declined; what is beyond comes back with the stream. */
const UNANSWERED_LIMIT = 10_000

/** Tasks named in one call; more go in further calls. */
const RECONCILE_BATCH = 1000

/** Opens the scheduler stream, with every role that an app uses. */
export function subscribe(core: Core): void {
  const { link, state, options } = core
  const roles = neededRoles(core)
  link.connected = false
  link.roles = roles
  link.suppressed.clear()
  for (const role of roles) if (!state.waiting.has(role)) link.suppressed.add(role)
  core.out.push({
    kind: "subscribe",
    call: {
      kind: "subscribe",
      frameworkId: state.frameworkId,
      frameworkInfo: frameworkInfo(core, [...roles].sort()),
      suppressedRoles: [...link.suppressed],
    },
  })
  core.log("info", "subscribing to the master", { framework: options.frameworkName })
}

/** Subscribes anew when an app came whose role the subscription lacks. */
export function settleRoles(core: Core): void {
  const missing = [...core.state.waiting.keys()].some((role) => !core.link.roles.has(role))
  if (missing && core.link.connected) subscribe(core)
}

/** The stream is open: tells who we are from now on, and asks what became of our tasks meanwhile. */
export function takeSubscribed(
  core: Core,
  event: Extract<scheduler.Event, { readonly kind: "subscribed" }>,
): void {
  const { link, state } = core
  const again = state.frameworkId === event.frameworkId
  const address = event.masterInfo?.address
  link.masterAddress =
    address === undefined ? undefined : `${address.hostname ?? address.ip ?? ""}:${address.port}`
  link.masterRegion = event.masterInfo?.domain?.faultDomain?.region.name
  link.connected = true
  link.attempts = 0
  // Offers of an earlier stream went with it.
  link.unanswered.clear()
  if (!again) core.setFramework(event.frameworkId)
  for (const role of state.waiting.keys()) link.reviveWanted.add(role)
  const master = link.masterAddress ?? ""
  if (again) core.publish("scheduler_reregistered_event", { master })
  else
    core.publish("scheduler_registered_event", {
      frameworkId: event.frameworkId,
      master,
    })
  reconcile(core)
  core.alarms.set("reconcile", core.now + core.options.reconciliationInitialDelayMs)
  for (const instance of state.instances.values())
    if (instance.task?.killRequestedAt !== undefined) {
      core.killAlarms.clear(instance.id)
      requestKill(core, instance)
    }
}

/** The stream is gone: asks for it again after a pause. */
export function takeDisconnected(core: Core): void {
  const { link } = core
  if (link.connected) core.publish("scheduler_disconnected_event", {})
  link.connected = false
  const pause = Math.min(PAUSE_LIMIT_MS, FIRST_PAUSE_MS * 2 ** Math.min(link.attempts, 16))
  link.attempts++
  core.alarms.set("subscribe", core.now + pause + core.random.below(pause))
}

/** A framework that the master has given up can only begin anew; its tasks are gone. */
export function takeError(core: Core, message: string): void {
  core.log("error", `the master refuses this framework: ${message}`)
  if (/has been removed|completed framework/i.test(message)) core.setFramework(undefined)
  takeDisconnected(core)
}

/**
 * A call was refused: finds out soon which of our tasks the master does not know, and declines the
 * offers that the call was about. Offers do not expire by default, so one without an answer would keep
 * its resources from everybody for as long as the stream lasts.
 */
export function takeRefusal(core: Core, call: OtherCall): void {
  core.alarms.set("reconcile", core.now + REFUSED_RECONCILE_MS)
  if (call.kind !== "accept" && call.kind !== "decline") return
  const { unanswered } = core.link
  for (const id of call.offerIds ?? []) if (unanswered.size < UNANSWERED_LIMIT) unanswered.add(id)
  core.alarms.set("decline", core.now + REFUSED_DECLINE_MS)
}

/** Declines the offers whose answer may be lost; no harm is done to one that was answered after all. */
export function declineUnanswered(core: Core): void {
  const { unanswered } = core.link
  const offerIds = [...unanswered]
  unanswered.clear()
  if (offerIds.length > 0)
    core.call({ kind: "decline", offerIds, filters: { refuseSeconds: UNANSWERED_REFUSE_S } })
}

/** Asks the master for the state of each task we know, and then for all that it knows of ours. */
export function reconcile(core: Core): void {
  const tasks: { readonly taskId: TaskId; readonly agentId: NonNullable<AgentOf> }[] = []
  for (const { task, placement, condition } of core.state.instances.values())
    if (task !== undefined && placement !== undefined && !isTerminal(condition))
      tasks.push({ taskId: task.id, agentId: placement.agentId })
  for (let from = 0; from < tasks.length; from += RECONCILE_BATCH)
    core.call({ kind: "reconcile", tasks: tasks.slice(from, from + RECONCILE_BATCH) })
  core.call({ kind: "reconcile", tasks: [] })
}

type AgentOf = NonNullable<Instance["placement"]>["agentId"]

function neededRoles(core: Core): ReadonlySet<string> {
  const roles = new Set([core.options.mesosRole])
  for (const app of core.state.apps.values()) {
    if (app.current !== undefined) roles.add(app.current.role)
    for (const instance of app.instances.values()) roles.add(instance.role)
  }
  return roles
}

function frameworkInfo(core: Core, roles: readonly string[]): FrameworkInfo {
  const { options } = core
  return {
    id: core.state.frameworkId,
    user: options.user,
    name: options.frameworkName,
    hostname: options.hostname,
    principal: options.principal,
    webuiUrl: options.webuiUrl,
    failoverTimeout: options.failoverTimeoutSeconds,
    checkpoint: true,
    roles,
    capabilities: [
      { type: "TASK_KILLING_STATE" },
      { type: "GPU_RESOURCES" },
      { type: "PARTITION_AWARE" },
      { type: "MULTI_ROLE" },
      { type: "RESERVATION_REFINEMENT" },
      { type: "REGION_AWARE" },
    ],
  }
}
