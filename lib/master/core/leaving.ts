import {
  allocate,
  NO_RESOURCES,
  normalizeResources,
  sumResources,
  type FrameworkId,
  type FrameworkInfo,
  type RegisterMessage,
  type Resources,
} from "#lib/mesos/index.ts"
import type { Context } from "./context.ts"
import { isRemoved } from "./framework-store.ts"
import { rolesOf, type AgentRecord, type FrameworkRecord } from "./records.ts"
import { isTerminal } from "./task-states.ts"

/**
 * What a removed framework uses on an agent counts as used until the agent says that it has ended:
 * offered earlier, it would be used twice. The allocator knows the framework until the last agent has.
 */
function enter(
  ctx: Context,
  agent: AgentRecord,
  framework: { readonly id: FrameworkId; readonly info: FrameworkInfo },
  resources: Resources,
): void {
  const { id, info } = framework
  const agents = ctx.leavingFrameworks.get(id) ?? 0
  if (agents === 0 && !ctx.frameworks.has(id)) {
    const types = (info.capabilities ?? []).flatMap(({ type }) => (type === undefined ? [] : type))
    const view = { id, roles: rolesOf(info), capabilities: new Set(types) }
    ctx.allocator.addFramework({ ...view, suppressedRoles: new Set() }, false)
  }
  ctx.leavingFrameworks.set(id, agents + 1)
  agent.leaving.set(id, resources)
  agent.usedChanged()
  ctx.allocator.charge(id, agent.id, resources)
}

/** The framework is about to be removed: what it uses on its agents, and where. */
export function usesOf(ctx: Context, framework: FrameworkRecord): Map<AgentRecord, Resources[]> {
  const uses = new Map<AgentRecord, Resources[]>()
  const add = (agent: AgentRecord, resources: Resources): void => {
    const list = uses.get(agent)
    if (list === undefined) uses.set(agent, [resources])
    else list.push(resources)
  }
  for (const task of framework.tasks.values()) if (task.charged) add(task.agent, task.resources)
  for (const { agent, resources } of framework.executors) add(agent, resources)
  for (const agent of ctx.agents.values())
    for (const stray of agent.strays.values())
      if (stray.frameworkId === framework.id) add(agent, stray.resources)
  return uses
}

/** The framework was removed from all books: what it used is still used. */
export function leave(
  ctx: Context,
  framework: FrameworkRecord,
  uses: ReadonlyMap<AgentRecord, Resources[]>,
): void {
  for (const [agent, parts] of uses) enter(ctx, agent, framework, sumResources(parts))
}

/** Nothing of the framework is left on the agent. */
export function endLeaving(ctx: Context, agent: AgentRecord, id: FrameworkId): void {
  const resources = agent.leaving.get(id)
  if (resources === undefined) return
  agent.leaving.delete(id)
  agent.usedChanged()
  ctx.allocator.recover(id, agent.id, resources)
  if (agent.drain !== undefined) ctx.drainsToSettle.add(agent)
  const agents = (ctx.leavingFrameworks.get(id) ?? 0) - 1
  if (agents > 0) return void ctx.leavingFrameworks.set(id, agents)
  ctx.leavingFrameworks.delete(id)
  if (!ctx.frameworks.has(id)) ctx.allocator.removeFramework(id)
}

/** The agent is lost, or about to say anew what is left there. */
export function endAllLeaving(ctx: Context, agent: AgentRecord): void {
  for (const id of agent.leaving.keys()) endLeaving(ctx, agent, id)
}

/** What a registration says is left of removed frameworks, which the agent ends or is yet to end. */
export function adoptLeaving(ctx: Context, agent: AgentRecord, message: RegisterMessage): void {
  for (const { framework, resources } of leftOf(ctx, message)) {
    const normal = normalizeResources(resources)
    const role = normal[0]?.allocationRole ?? rolesOf(framework.info)[0] ?? "*"
    enter(ctx, agent, framework, allocate(normal, role))
  }
}

function leftOf(ctx: Context, message: RegisterMessage) {
  const left = new Map<FrameworkId, { info: FrameworkInfo; parts: Resources[] }>()
  for (const { framework, resources } of message.leaving ?? [])
    if (framework.id !== undefined)
      left.set(framework.id, { info: framework, parts: [normalizeResources(resources)] })
  for (const info of message.frameworks)
    if (info.id !== undefined && isRemoved(ctx, info.id) && !left.has(info.id))
      left.set(info.id, { info, parts: [] })
  const add = (id: FrameworkId | undefined, resources: Resources = NO_RESOURCES): void => {
    if (id !== undefined && isRemoved(ctx, id))
      left.get(id)?.parts.push(normalizeResources(resources))
  }
  for (const { frameworkId, resources } of message.executors) add(frameworkId, resources)
  for (const { frameworkId, resources, state } of message.tasks)
    if (!isTerminal(state)) add(frameworkId, resources)
  return [...left].map(([id, { info, parts }]) => ({
    framework: { id, info },
    resources: sumResources(parts),
  }))
}

/** Tells an agent which frameworks it must end, as often as it registers. */
export function shutdownLeaving(ctx: Context, agent: AgentRecord): void {
  for (const frameworkId of agent.leaving.keys())
    ctx.send(agent, { kind: "shutdownFramework", frameworkId })
}
