import { encodeMessage, type MasterInfo } from "#lib/mesos/index.ts"
import { agentText } from "./agent-text.ts"
import { JsonText, LazyList, LazyObject } from "./lazy-json.ts"
import type { BuildInfo, MasterHttpOptions } from "./ports.ts"
import { renderAgentInFull, renderRecoveredAgent } from "./render-agent.ts"
import { renderFramework, seconds } from "./render-framework.ts"

/** Source: apache/mesos: src/version/version.cpp. */
export const renderVersion = (build: BuildInfo): Readonly<Record<string, unknown>> => ({
  version: build.version,
  git_sha: build.gitSha,
  git_branch: build.gitBranch,
  git_tag: build.gitTag,
  build_date: build.buildDate,
  build_time: build.buildTime,
  build_user: build.buildUser,
})

/** The master's process as others address it. */
export const masterPid = (info: MasterInfo): string =>
  info.pid ?? `master@${info.address?.ip ?? info.hostname ?? ""}:${info.port}`

/**
 * Everything the master knows, at `/state`. Tasks are rendered as they are written, so that a large
 * cluster is never rendered in one turn. Source: apache/mesos: src/master/readonly_handler.cpp.
 */
export function renderState(options: MasterHttpOptions): LazyObject {
  const { view } = options.master
  const { info } = view
  const pid = masterPid(info)
  const agents = [...view.agents.values()]
  const active = agents.filter((agent) => agent.active).length
  return new LazyObject({
    ...renderVersion(options.build),
    start_time: seconds(view.startedAt),
    elected_time: seconds(options.electedAt ?? view.startedAt),
    id: info.id,
    pid,
    hostname: info.hostname ?? "",
    capabilities: (info.capabilities ?? []).map(({ type }) => type),
    domain: info.domain && encodeMessage("mesos.v1.DomainInfo", info.domain),
    activated_slaves: active,
    deactivated_slaves: agents.length - active,
    unreachable_slaves: view.unreachableAgents.size,
    leader: pid,
    leader_info: { id: info.id, pid, port: info.port, hostname: info.hostname ?? "" },
    cluster: options.cluster,
    flags: options.flags,
    slaves: new LazyList(agents, (agent) => new JsonText(agentText(agent))),
    recovered_slaves: [...view.recoveredAgents.values()].map(renderRecoveredAgent),
    frameworks: new LazyList(view.frameworks.values(), renderFramework),
    completed_frameworks: new LazyList(view.completedFrameworks.values(), renderFramework),
    orphan_tasks: [],
    unregistered_frameworks: [],
  })
}

/** Agents with their resources in full, at `/slaves`; one alone when `id` is given. */
export function renderSlaves({ master }: MasterHttpOptions, id: string | undefined): LazyObject {
  const chosen = <T extends { readonly id: string }>(all: ReadonlyMap<string, T>): T[] =>
    [...all.values()].filter((agent) => id === undefined || agent.id === id)
  return new LazyObject({
    slaves: new LazyList(chosen(master.view.agents), renderAgentInFull),
    recovered_slaves: chosen(master.view.recoveredAgents).map(renderRecoveredAgent),
  })
}

/** Frameworks, at `/frameworks`; one alone when `id` is given. */
export function renderFrameworks(
  { master }: MasterHttpOptions,
  id: string | undefined,
): LazyObject {
  const { frameworks, completedFrameworks } = master.view
  const chosen = (all: typeof frameworks) =>
    [...all.values()].filter((framework) => id === undefined || framework.id === id)
  return new LazyObject({
    frameworks: new LazyList(chosen(frameworks), renderFramework),
    completed_frameworks: new LazyList(chosen(completedFrameworks), renderFramework),
    unregistered_frameworks: [],
  })
}
