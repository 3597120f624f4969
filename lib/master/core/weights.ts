import { roleProblem, type master } from "#lib/mesos/index.ts"
import type { Context } from "./context.ts"
import { rescindOffer } from "./offers.ts"
import { encodeWeight, weightKey } from "./registry-settings.ts"
import type { MasterReply } from "./types.ts"

/** UPDATE_WEIGHTS: all of them, or none. Offers are made anew when a role that is in use changes. */
export function updateWeights(
  ctx: Context,
  { weightInfos = [] }: master.CallUpdateWeights,
): MasterReply {
  const bad = (message: string): MasterReply => ({
    status: 400,
    message: `Failed to validate update weights request: ${message}`,
  })
  const { roles } = ctx.options
  for (const { role = "", weight } of weightInfos) {
    const problem = roleProblem(role)
    if (problem !== undefined) return bad(problem)
    if (roles !== undefined && !roles.includes(role)) return bad(`Unknown role '${role}'`)
    if (!(weight > 0 && Number.isFinite(weight)))
      return bad(`the weight of role '${role}' is ${weight}; it must be a number above 0`)
  }
  const changed = weightInfos.filter(({ role = "", weight }) => ctx.weightOf(role) !== weight)
  for (const { role = "", weight } of changed) {
    ctx.weights.set(role, weight)
    ctx.out.push({ kind: "put", key: weightKey(role), value: encodeWeight(role, weight) })
    ctx.allocator.setWeight(role, weight)
    ctx.log("info", "weight changed", { role, weight })
  }
  if (changed.some(({ role = "" }) => isActive(ctx, role)))
    for (const offer of ctx.offers.values()) rescindOffer(ctx, offer)
  return { status: 200 }
}

/** Whether a framework has the role, or one below it. */
function isActive(ctx: Context, role: string): boolean {
  for (const { roles } of ctx.frameworks.values())
    if (roles.some((one) => one === role || one.startsWith(`${role}/`))) return true
  return false
}
