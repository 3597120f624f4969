import type { MasterView, OperatorCall } from "#lib/master/index.ts"
import type { AgentId } from "#lib/mesos/index.ts"

/** Something that the operator decides, and how the master shows it. */
export type Matter = {
  readonly key: string
  /** The agent that it is about, if it is about one, and its machine. */
  readonly agentId?: AgentId | undefined
  readonly hostname?: string | undefined
  /** What the master shows where nothing was decided. */
  readonly initial: string
  readonly read: (view: MasterView) => string
  /** The call that goes back to `initial`, or a step closer to it. */
  readonly undo: (view: MasterView) => OperatorCall
}

/** The most cpus that a role may have. */
export const quotaMatter = (role: string): Matter => ({
  key: `the quota of ${role}`,
  initial: "none",
  read: ({ quotas }) => {
    const limit = quotas.get(role)?.limits.get("cpus")
    return limit === undefined ? "none" : `at most ${limit}`
  },
  undo: () => ({ kind: "updateQuota", quotaConfigs: [{ role }] }),
})

/** The weight of a role. */
export const weightMatter = (role: string): Matter => ({
  key: `the weight of ${role}`,
  initial: "1",
  read: (view) => String(view.weight(role)),
  undo: () => ({ kind: "updateWeights", weightInfos: [{ role, weight: 1 }] }),
})

/** What is shown of an agent that the master knows nothing of. */
export const UNKNOWN = "unknown"

/** Whether an agent is used, and whether there is one at all. */
export const standingMatter = (agentId: AgentId, hostname: string): Matter => ({
  key: `agent ${agentId}`,
  agentId,
  hostname,
  initial: "active",
  read: (view) => {
    const { agents, recoveredAgents, unreachableAgents, goneAgents } = view
    if (goneAgents.has(agentId)) return "gone"
    const agent =
      agents.get(agentId) ?? recoveredAgents.get(agentId) ?? unreachableAgents.get(agentId)
    if (agent === undefined) return UNKNOWN
    if (agent.drain !== undefined) return "draining"
    return agent.deactivated === true ? "deactivated" : "active"
  },
  undo: () => ({ kind: "reactivateAgent", agentId }),
})

/** Which machine is to be maintained, or is. */
export const SCHEDULE: Matter = {
  key: "the maintenance schedule",
  initial: "",
  read: ({ maintenance }) =>
    [...maintenance.machines.values()].map(({ id, mode }) => `${id.hostname} ${mode}`).join(", "),
  undo: ({ maintenance }) => {
    const machines = [...maintenance.machines.values()].flatMap(({ id, mode }) =>
      mode === "DOWN" ? [id] : [],
    )
    return machines.length > 0
      ? { kind: "stopMaintenance", machines }
      : { kind: "updateMaintenanceSchedule", schedule: { windows: [] } }
  },
}

/** Whether the machine of an agent has, or had, another agent than the one that the matter is about. */
export const hasSuccessor = (view: MasterView, { agentId, hostname }: Matter): boolean =>
  [view.agents, view.recoveredAgents, view.unreachableAgents, view.goneAgents].some((agents) =>
    [...agents.values()].some(({ id, info }) => info.hostname === hostname && id !== agentId),
  )
