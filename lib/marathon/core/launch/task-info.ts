import { brandId } from "#lib/mesos/index.ts"
import type {
  CommandInfo,
  EnvironmentVariable,
  ExecutorId,
  ExecutorInfo,
  TaskId,
  TaskInfo,
} from "#lib/mesos/index.ts"
import type { Random } from "#lib/std/random.ts"
import { ancestorsOf } from "#lib/marathon/model/index.ts"
import type { App, ResourceLimits } from "#lib/marathon/model/index.ts"
import type { Core } from "#lib/marathon/core/core.ts"
import { killPolicyOf } from "#lib/marathon/core/kill.ts"
import { agentCheck, agentHealthCheck } from "./checks.ts"
import { containerInfoOf } from "./container-info.ts"
import type { TaskPorts } from "./container-info.ts"
import { discoveryOf, taskNameOf } from "./discovery.ts"
import { environmentOf } from "./environment.ts"
import { labelsOf } from "./labels.ts"
import type { Grant } from "./match.ts"

/** Builds the task that runs a definition on what an offer granted. Source: section 6.9. */
export function taskInfoOf(core: Core, app: App, taskId: TaskId, grant: Grant): TaskInfo {
  const ports = taskPortsOf(app, grant.ports, core.random)
  const topGroup = ancestorsOf(app.id).at(-2)
  const variables = environmentOf(app, {
    taskId,
    host: grant.placement.host,
    hostPorts: ports.hostPorts,
    ports: ports.hostPorts.map((port, index) => port ?? ports.containerPorts[index] ?? 0),
    prefix: core.options.envVarsPrefix ?? "",
    enforcesGroupRole:
      topGroup !== undefined && core.state.groups.get(topGroup)?.enforceRole === true,
  })
  const command = commandOf(app, variables)
  const executor = executorOf(app, taskId, command)
  const container = containerInfoOf(app, {
    taskId,
    ports,
    bridgeName: core.options.mesosBridgeName,
  })
  return {
    name: taskNameOf(app.id),
    taskId,
    agentId: grant.placement.agentId,
    resources: grant.resources,
    labels: labelsOf(app.labels),
    discovery: discoveryOf(app, ports),
    ...(executor === undefined ? { command } : { executor }),
    container,
    healthCheck: agentHealthCheck(app, ports),
    check: agentCheck(app, ports),
    killPolicy: killPolicyOf(app),
    limits: app.resourceLimits === undefined ? undefined : limitsOf(app.resourceLimits),
  }
}

/** The port numbers of a task; a container port 0 becomes its host port, or a random free-range one. */
function taskPortsOf(app: App, hostPorts: Grant["ports"], random: Random): TaskPorts {
  const mappings = app.container?.portMappings ?? []
  const containerPorts = hostPorts.map((hostPort, index) => {
    const declared = mappings[index]?.containerPort ?? 0
    return declared !== 0 ? declared : (hostPort ?? 1025 + random.below(65_536 - 1025))
  })
  return { hostPorts, containerPorts }
}

function commandOf(app: App, variables: readonly EnvironmentVariable[]): CommandInfo {
  const uris = app.fetch.map(({ uri, extract, executable, cache, destPath }) => ({
    value: uri,
    extract,
    executable,
    cache,
    outputFile: destPath,
  }))
  const common = {
    uris: uris.length > 0 ? uris : undefined,
    environment: { variables },
    user: app.user,
  }
  if (app.cmd !== undefined) return { ...common, shell: true, value: app.cmd }
  // Without an image the first argument is the program; an image has its own entry point.
  const value = app.container?.docker === undefined ? app.args[0] : undefined
  const args = app.args.length > 0 ? app.args : undefined
  return { ...common, shell: false, value, arguments: args }
}

function executorOf(app: App, taskId: TaskId, command: CommandInfo): ExecutorInfo | undefined {
  if (app.executor === "" || app.executor === "//cmd") return undefined
  const path = app.executor
  const line = command.value ?? command.arguments?.join(" ") ?? ""
  return {
    executorId: brandId<ExecutorId>(`marathon-${taskId}`),
    name: taskNameOf(app.id),
    command: { ...command, shell: true, value: `chmod ug+rx '${path}' && exec '${path}' ${line}` },
  }
}

function limitsOf(limits: ResourceLimits): TaskInfo["limits"] {
  const entries = Object.entries(limits).flatMap(([name, limit]) =>
    limit === undefined
      ? []
      : [[name, { value: limit === "unlimited" ? Number.POSITIVE_INFINITY : limit }] as const],
  )
  return entries.length > 0 ? Object.fromEntries(entries) : undefined
}
