import type { scheduler } from "#lib/mesos/index.ts"
import { answerInverseOffers, clearInverseFilters } from "./inverse-offers.ts"
import { accept, decline } from "./accept.ts"
import type { Context } from "./context.ts"
import { countCall } from "./framework-metrics.ts"
import { removeFramework, updateFramework } from "./frameworks.ts"
import { reconcileOperations } from "./operations/reconcile.ts"
import { acknowledgeOperation } from "./operations/statuses.ts"
import { reconcile, reconcileTask } from "./reconcile.ts"
import { taskKey, type FrameworkRecord, type KillTask } from "./records.ts"
import { isTerminal } from "./task-states.ts"
import { acknowledge } from "./statuses.ts"
import type { CallInput, CallSender, MasterReply, OtherCall } from "./types.ts"

const ACCEPTED: MasterReply = { status: 202 }

/** A scheduler's call: checks that its sender holds the framework's stream, then does it. */
export function onCall(ctx: Context, input: CallInput): void {
  const framework = ctx.frameworks.get(input.frameworkId)
  const refusal = callRefusal(ctx, input)
  if (framework === undefined || refusal !== undefined)
    return ctx.reply(input.request, refusal ?? { status: 400 })
  countCall(ctx, framework, input.call.kind)
  ctx.reply(input.request, perform(ctx, framework, input.call))
}

/**
 * Why a call is refused whatever it asks for, or undefined: its sender is not who holds the
 * framework's stream. Source: apache/mesos: src/master/http.cpp (scheduler), in the order of its checks.
 */
export function callRefusal(
  ctx: Pick<Context, "frameworks">,
  { frameworkId, stream, principal }: CallSender,
): MasterReply | undefined {
  const framework = ctx.frameworks.get(frameworkId)
  if (framework === undefined) return { status: 400, message: "Framework cannot be found" }
  if (principal !== undefined && principal !== framework.info.principal)
    return {
      status: 400,
      message: `Authenticated principal '${principal}' does not match principal '${String(framework.info.principal)}' set in \`FrameworkInfo\``,
    }
  if (framework.stream === undefined) return { status: 403, message: "Framework is not subscribed" }
  if (stream === undefined)
    return {
      status: 400,
      message: "All non-subscribe calls should include the 'Mesos-Stream-Id' header",
    }
  if (stream !== framework.stream)
    return {
      status: 400,
      message: `The stream ID '${stream}' included in this request didn't match the stream ID currently associated with framework ID '${framework.id}'`,
    }
  return undefined
}

function perform(ctx: Context, framework: FrameworkRecord, call: OtherCall): MasterReply {
  switch (call.kind) {
    case "teardown":
      ctx.count("messages_unregister_framework")
      removeFramework(ctx, framework)
      return ACCEPTED
    case "accept":
      return accept(ctx, framework, call)
    case "decline":
      decline(ctx, framework, call)
      return ACCEPTED
    case "revive":
      ctx.count("messages_revive_offers")
      revive(ctx, framework, call)
      return ACCEPTED
    case "suppress":
      ctx.count("messages_suppress_offers")
      suppress(ctx, framework, call)
      return ACCEPTED
    case "kill":
      kill(ctx, framework, call)
      return ACCEPTED
    case "shutdown":
      shutdownExecutor(ctx, framework, call)
      return ACCEPTED
    case "acknowledge":
      acknowledge(ctx, framework, call)
      return ACCEPTED
    case "acknowledgeOperationStatus":
      acknowledgeOperation(ctx, framework, call)
      return ACCEPTED
    case "reconcileOperations":
      reconcileOperations(ctx, framework, call)
      return ACCEPTED
    case "reconcile":
      reconcile(ctx, framework, call)
      return ACCEPTED
    case "message":
      messageExecutor(ctx, framework, call)
      return ACCEPTED
    case "request":
      // As in Mesos, whose built-in allocator ignores requests too.
      ctx.count("messages_resource_request")
      return ACCEPTED
    case "updateFramework":
      return updateFramework(ctx, framework, call)
    case "acceptInverseOffers":
      answerInverseOffers(ctx, framework, call, "ACCEPT")
      return ACCEPTED
    case "declineInverseOffers":
      answerInverseOffers(ctx, framework, call, "DECLINE")
      return ACCEPTED
    default:
      return call satisfies never
  }
}

/**
 * The roles that a call is about; all when it names none. One that is invalid or not the framework's
 * makes the whole call do nothing, as in Mesos.
 */
function rolesMeant(
  framework: FrameworkRecord,
  named: readonly string[] = [],
): readonly string[] | undefined {
  if (named.length === 0) return framework.roles
  const own = new Set(framework.roles)
  return named.every((role) => own.has(role)) ? [...new Set(named)] : undefined
}

function revive(ctx: Context, framework: FrameworkRecord, { roles }: scheduler.CallRevive): void {
  const wanted = rolesMeant(framework, roles)
  if (wanted === undefined) return
  for (const role of wanted) framework.suppressedRoles.delete(role)
  clearInverseFilters(ctx, framework)
  ctx.allocator.revive(framework.id, wanted)
}

function suppress(
  ctx: Context,
  framework: FrameworkRecord,
  { roles }: scheduler.CallSuppress,
): void {
  const wanted = rolesMeant(framework, roles)
  if (wanted === undefined) return
  for (const role of wanted) framework.suppressedRoles.add(role)
  ctx.allocator.suppress(framework.id, wanted)
}

function kill(ctx: Context, framework: FrameworkRecord, call: scheduler.CallKill): void {
  ctx.count("messages_kill_task")
  const { taskId, killPolicy } = call
  const task = framework.tasks.get(taskId)
  if (task === undefined) {
    holdKill(ctx, framework, call)
    return reconcileTask(ctx, framework, taskId, call.agentId)
  }
  if (call.agentId !== undefined && call.agentId !== task.agentId) {
    ctx.log("warn", "kill names the wrong agent", { task: taskId, agent: call.agentId })
    return
  }
  const message = { kind: "killTask", frameworkId: framework.id, taskId, killPolicy } as const
  ctx.send(task.agent, message)
  // The link may be broken without the master knowing: whoever is back hears of it again.
  if (!isTerminal(task.state)) task.agent.pendingKills.set(taskKey(framework.id, taskId), message)
}

/** Kills of one agent that wait for it after a restart; the framework repeats what is over that. */
const HELD_KILLS_MAX = 1_000

/**
 * After a restart nobody knows the tasks of an agent that is not back yet. Mesos drops the kill of
 * one, and the framework has to come again; here it waits for the agent.
 */
function holdKill(ctx: Context, framework: FrameworkRecord, call: scheduler.CallKill): void {
  const { taskId, killPolicy, agentId } = call
  if (agentId === undefined || !ctx.recovered.has(agentId)) return
  const held = ctx.recoveredKills.get(agentId) ?? new Map<string, KillTask>()
  ctx.recoveredKills.set(agentId, held)
  const key = taskKey(framework.id, taskId)
  if (held.size < HELD_KILLS_MAX || held.has(key))
    held.set(key, { kind: "killTask", frameworkId: framework.id, taskId, killPolicy })
}

function shutdownExecutor(
  ctx: Context,
  framework: FrameworkRecord,
  { agentId, executorId }: scheduler.CallShutdown,
): void {
  const agent = ctx.agents.get(agentId)
  if (agent !== undefined)
    ctx.send(agent, { kind: "shutdownExecutor", frameworkId: framework.id, executorId })
}

function messageExecutor(
  ctx: Context,
  framework: FrameworkRecord,
  { agentId, executorId, data }: scheduler.CallMessage,
): void {
  ctx.count("messages_framework_to_executor")
  const agent = ctx.agents.get(agentId)
  const sent =
    agent !== undefined &&
    ctx.send(agent, { kind: "frameworkMessage", frameworkId: framework.id, executorId, data })
  ctx.count(
    sent ? "valid_framework_to_executor_messages" : "invalid_framework_to_executor_messages",
  )
}
