import type { MasterDriver } from "#lib/master/index.ts"
import { equalResources, renderResources } from "#lib/mesos/index.ts"
import { isCalled } from "./called-containers.ts"
import type { ContainerClient } from "./container-client.ts"
import type { ScriptedFramework } from "./framework.ts"
import type { MarathonWorkload } from "./marathon-workload.ts"
import type { Node } from "./node.ts"
import type { Operator } from "./operator.ts"
import type { MasterAt } from "./stream.ts"
import type { Watcher } from "./watcher.ts"

/** Longest time that an offer stays without an answer while nothing fails. */
const ANSWER_MAX_MS = 2 * 60_000

/** All who must be at rest. */
export type Participants = {
  readonly master: MasterAt
  readonly nodes: readonly Node[]
  readonly frameworks: readonly ScriptedFramework[]
  readonly users: MarathonWorkload | undefined
  readonly operator: Operator
  readonly watcher: Watcher
  readonly client: ContainerClient
}

/** What keeps a cluster from being at rest; empty once it is. */
export function openMatters(parts: Participants): readonly string[] {
  const { nodes, frameworks, users, operator } = parts
  const master = parts.master()
  if (master === undefined) return ["the master is down"]
  const { view } = master.driver
  const open: string[] = []
  for (const node of nodes) open.push(...openOfNode(node, view))
  open.push(...operator.open())
  open.push(...parts.watcher.open(master.driver))
  open.push(...parts.client.open())
  for (const { uuid, info } of view.operations.values())
    open.push(`operation ${info.kind} ${uuid.value} is still under way`)
  for (const { id, frameworkId, createdAt } of view.offers.values())
    if (master.life.now() - createdAt > ANSWER_MAX_MS)
      open.push(`offer ${id} to ${frameworkId} is not answered`)
  const ids = new Set(view.agents.keys())
  for (const framework of frameworks) open.push(...framework.open(ids))
  if (users !== undefined)
    open.push(...users.open(nodes.flatMap((node) => [...node.containers.all])))
  return open
}

/** What the master believes of a node against what is there. */
function openOfNode(node: Node, view: MasterDriver["view"]): readonly string[] {
  const agent = [...view.agents.values()].find(({ info }) => info.hostname === node.name)
  if (agent?.connected !== true) return [`${node.name} is not registered`]
  const open: string[] = []
  const total = node.driver?.agent.resources.total ?? []
  if (!equalResources(total, agent.total))
    open.push(`${node.name} has ${renderResources(total)}, not ${renderResources(agent.total)}`)
  const tasks = [...agent.tasks]
  for (const { executorId, frameworkId } of agent.executors)
    if (!tasks.some((task) => task.executorId === executorId && task.frameworkId === frameworkId))
      open.push(`${node.name} has executor ${executorId} without tasks`)
  const believed = tasks.filter(({ state }) => state === "TASK_RUNNING").length
  const known = new Set([...agent.executors].map(({ executorId }) => executorId as string))
  const containers = [...node.containers.all].filter(
    ({ running, spec }) => running && !isCalled(spec),
  )
  for (const { executor, spec } of containers) {
    if (executor === undefined) continue
    open.push(...executor.open)
    if (!known.has(spec.task.taskId))
      open.push(`${node.name} runs executor ${spec.task.taskId}, of which the master does not know`)
  }
  const running = containers.reduce((sum, { executor }) => sum + (executor?.running ?? 1), 0)
  if (believed !== running) open.push(`${node.name} runs ${running}, not ${believed} tasks`)
  return open
}
