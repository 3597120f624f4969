import {
  brandId,
  normalizeResources,
  persistentVolumes,
  validateResources,
  type AgentId,
  type CommandInfo,
  type ContainerInfo,
  type FrameworkInfo,
  type TaskId,
  type TaskInfo,
} from "#lib/mesos/index.ts"
import type { ContainerSpec } from "#lib/ports/index.ts"
import { err, ok, type Result } from "#lib/std/result.ts"
import { dockerForm } from "#lib/agent/core/docker-form.ts"
import { DEFAULT_PATH, SANDBOX_IN_IMAGE } from "#lib/agent/core/environment.ts"
import { nestedSandbox } from "#lib/agent/core/paths.ts"
import { chooseMemberRuntime, chooseRuntime } from "#lib/agent/core/task-support.ts"
import { volumeRefusal } from "#lib/agent/core/volumes.ts"
import type { AgentOptions } from "#lib/agent/core/types.ts"
import type { LaunchRequest } from "./calls.ts"
import { depthOf, nameOf, parentOf } from "./container-id.ts"
import type { House } from "./houses.ts"
import type { CalledContainer } from "./records.ts"

/** What a container is made from. */
export type Recipe = {
  readonly options: AgentOptions
  readonly agentId: AgentId | undefined
  readonly request: LaunchRequest
  /** Where it is to live; absent for a standalone container. */
  readonly house: House | undefined
  /** The framework whose executor it lives in. */
  readonly framework: FrameworkInfo | undefined
  readonly order: number
}

/** The container that a launch asks for, or why there is none, for people. */
export function prepare(recipe: Recipe): Result<CalledContainer, string> {
  const { request, house, order } = recipe
  const problem = requestProblem(recipe)
  if (problem !== undefined) return err(problem)
  const runs = request.purpose === "session" ? ok(inHouse(recipe)) : ownRoom(recipe)
  if (!runs.ok) return runs
  const { containerId, purpose } = request
  const owner = house?.owner
  const links = { directories: [], links: [] }
  const spec = runs.value
  const place = owner === undefined ? {} : { owner }
  return ok({ containerId, purpose, spec, ...links, ...place, order, state: "launching" })
}

/** Source: apache/mesos: src/slave/validation.cpp, docs/nested-container-and-task-group.md. */
function requestProblem({ request, house }: Recipe): string | undefined {
  const { containerId, purpose, resources = [], limits = {}, container } = request
  const bounded = resources.length > 0 || Object.keys(limits).length > 0
  const ownCgroups = container?.linuxInfo?.shareCgroups === false
  if (purpose !== "standalone") {
    if (depthOf(containerId) > 1 && (bounded || ownCgroups))
      return "Resources, limits and 'share_cgroups' = false are for containers nested one level deep: this one lives deeper"
    if (bounded && !ownCgroups)
      return "Resources and limits of a nested container need 'container.linux_info.share_cgroups' = false"
    if (purpose === "session" && ownCgroups)
      return "'share_cgroups' must be true for a debug container: it lives within the limits of its parent"
  }
  const invalid = validateResources(resources)
  if (invalid !== undefined) return `Invalid resources: ${invalid.field}: ${invalid.message}`
  if (resources.some(({ reservations }) => reservations.length > 0))
    return "Resources of a container that a call launches must be unreserved"
  if (persistentVolumes(resources).length > 0)
    return "Resources of a container that a call launches must not hold persistent volumes"
  if (resources.some(({ revocable }) => revocable !== undefined))
    return "Resources of a container that a call launches must not be revocable"
  return house === undefined || purpose === "standalone" ? undefined : houseProblem(request, house)
}

function houseProblem({ containerId }: LaunchRequest, { state, spec }: House): string | undefined {
  const parent = parentOf(containerId) ?? ""
  if (spec?.debug)
    return `Parent container ${parent} is a debug container, in which none can be nested`
  switch (state) {
    case "running":
      return undefined
    case "starting":
      return `Parent container ${parent} has not started yet`
    case "ending":
      return `Parent container ${parent} is in 'DESTROYING' state`
    default:
      return state satisfies never
  }
}

/** A debug container: the parent's sandbox, user, environment and runtime. */
function inHouse(recipe: Recipe): ContainerSpec {
  const { request, house } = recipe
  const { containerId, command = {}, container } = request
  const parent = house?.spec
  const limits = parent?.task.container?.rlimitInfo
  return {
    containerId,
    runtime: parent?.runtime ?? "process",
    ...(parent === undefined ? {} : { parent: parent.containerId }),
    debug: true,
    task: taskOf(recipe, {
      type: "MESOS",
      ...(container?.ttyInfo === undefined ? {} : { ttyInfo: container.ttyInfo }),
      ...(limits === undefined ? {} : { rlimitInfo: limits }),
    }),
    sandbox: house?.sandbox ?? "",
    ...userOf(recipe),
    environment: {
      ...(parent?.environment ?? baseEnvironment(recipe, house?.sandbox ?? "")),
      ...variablesOf(command),
    },
  }
}

/** A container with a sandbox of its own, beside its parent or alone. */
function ownRoom(recipe: Recipe): Result<ContainerSpec, string> {
  const { options, request, house } = recipe
  const { containerId, command = {}, container } = request
  const task = taskOf(recipe, container)
  const groupContainer = house?.groupContainer
  const choice =
    groupContainer === undefined
      ? chooseRuntime(task, options)
      : chooseMemberRuntime(task, { container: groupContainer }, options)
  if (!choice.ok) return err(choice.error.message ?? "")
  const { runtime, image } = choice.value
  const refusal = volumeRefusal(task, choice.value, house !== undefined)
  if (refusal !== undefined) return err(refusal.message ?? "")
  const parent = house?.spec
  if (parent?.runtime === "docker")
    return err("The provided ContainerInfo is not supported: Docker containers take only sessions")
  if (parent?.runtime === "process" && image)
    return err(
      "The provided ContainerInfo is not supported: a container in a process has no image of its own; run the parent in a container of runc (--launcher=linux)",
    )
  const sandbox =
    house === undefined
      ? `${options.workDir}/containers/${containerId}`
      : nestedSandbox(house.sandbox, nameOf(containerId))
  const within = parent === undefined ? {} : { parent: parent.containerId }
  return ok({
    containerId,
    runtime: parent?.runtime ?? runtime,
    ...within,
    ...(groupContainer === undefined ? {} : { groupContainer }),
    task: runtime === "docker" ? dockerForm(task) : task,
    sandbox,
    ...userOf(recipe),
    environment: {
      ...(runtime === "process" ? { PATH: DEFAULT_PATH } : {}),
      ...baseEnvironment(recipe, image ? SANDBOX_IN_IMAGE : sandbox),
      ...variablesOf(command),
    },
  })
}

/** Source: apache/mesos: src/slave/containerizer/mesos/containerizer.cpp (launch). */
function baseEnvironment({ options }: Recipe, sandbox: string): Record<string, string> {
  return { ...options.taskEnvironment, MESOS_SANDBOX: sandbox }
}

function variablesOf(command: CommandInfo): Record<string, string> {
  const variables: Record<string, string> = {}
  for (const { name, value } of command.environment?.variables ?? [])
    if (value !== undefined) variables[name] = value
  return variables
}

/** The call's user, its parent's, the framework's, in this order. */
function userOf({ options, request, house, framework }: Recipe): Pick<ContainerSpec, "user"> {
  const user = request.command?.user ?? house?.user ?? framework?.user
  return options.switchUser && user !== undefined && user !== "" ? { user } : {}
}

/** The container in the shape of a task, which is what runtimes read. */
function taskOf({ agentId, request }: Recipe, container: ContainerInfo | undefined): TaskInfo {
  const { containerId, command, resources, limits } = request
  return {
    name: containerId,
    taskId: brandId<TaskId>(containerId),
    agentId: agentId ?? brandId<AgentId>(""),
    ...(command === undefined ? {} : { command }),
    ...(container === undefined ? {} : { container }),
    ...(resources === undefined ? {} : { resources: normalizeResources(resources) }),
    ...(limits === undefined ? {} : { limits }),
  }
}
