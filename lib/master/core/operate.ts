import type { Context } from "./context.ts"
import { deactivateAgent, drainAgent, reactivateAgent } from "./drain.ts"
import { teardown } from "./frameworks.ts"
import { markAgentGone } from "./gone.ts"
import { startMaintenance, stopMaintenance, updateSchedule } from "./maintenance.ts"
import { operateOnResources } from "./operations/operator.ts"
import { removeQuota, setQuota, updateQuota } from "./quota.ts"
import type { MasterReply, OperateInput, OperatorCall } from "./types.ts"
import { updateWeights } from "./weights.ts"

/** An operator's call: does it and answers its sender. */
export function operate(ctx: Context, { call, request, principal }: OperateInput): void {
  ctx.reply(request, perform(ctx, call, principal))
}

/** Exhaustive over the calls that change something, each answered by the file that owns its matter. */
function perform(ctx: Context, call: OperatorCall, principal: string | undefined): MasterReply {
  switch (call.kind) {
    case "teardown":
      return teardown(ctx, call.frameworkId)
    case "updateWeights":
      return updateWeights(ctx, call)
    case "updateQuota":
      return updateQuota(ctx, call)
    case "setQuota":
      return setQuota(ctx, call)
    case "removeQuota":
      return removeQuota(ctx, call)
    case "reserveResources":
    case "unreserveResources":
    case "createVolumes":
    case "destroyVolumes":
    case "growVolume":
    case "shrinkVolume":
      return operateOnResources(ctx, call, principal)
    case "updateMaintenanceSchedule":
      return updateSchedule(ctx, call)
    case "startMaintenance":
      return startMaintenance(ctx, call)
    case "stopMaintenance":
      return stopMaintenance(ctx, call)
    case "drainAgent":
      return drainAgent(ctx, call)
    case "deactivateAgent":
      return deactivateAgent(ctx, call.agentId)
    case "reactivateAgent":
      return reactivateAgent(ctx, call.agentId)
    case "markAgentGone":
      return markAgentGone(ctx, call.agentId)
    default:
      return call satisfies never
  }
}
