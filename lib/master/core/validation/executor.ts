import {
  equalResources,
  executorWithoutSecrets,
  idProblem,
  NO_RESOURCES,
  normalizeResources,
  scalarOf,
  unallocate,
  validateResources,
  type ExecutorInfo,
  type FrameworkId,
  type Resources,
} from "#lib/mesos/index.ts"
import { equal } from "#lib/std/equal.ts"
import { MIN_CPUS_MILLI, MIN_MEM_MILLI } from "#lib/master/core/allocator/minimum.ts"
import { commandProblem, containerProblem } from "./command.ts"
import { togetherProblem } from "./together.ts"

/** What an executor must agree with. */
export type ExecutorRules = {
  readonly frameworkId: FrameworkId
  /** The live executor of that id on the agent, if there is one. */
  readonly live: ExecutorInfo | undefined
  /** Whether its live tasks share its cgroups; undefined when it has none. */
  readonly liveShares?: (() => boolean | undefined) | undefined
}

/** Why the executor of a LAUNCH is refused, or undefined. */
export function launchExecutorProblem(
  executor: ExecutorInfo,
  rules: ExecutorRules,
): string | undefined {
  if (executor.type !== undefined && executor.type !== "CUSTOM")
    return "'ExecutorInfo.type' must be 'CUSTOM' for a LAUNCH"
  if (executor.command === undefined)
    return "'ExecutorInfo.command' must be set for 'CUSTOM' executor"
  return sharedExecutorProblem(executor, rules)
}

/** Why the executor of a LAUNCH_GROUP is refused, or undefined. */
export function groupExecutorProblem(
  executor: ExecutorInfo,
  rules: ExecutorRules,
): string | undefined {
  if (executor.frameworkId === undefined) return "'ExecutorInfo.framework_id' must be set"
  switch (executor.type) {
    case "DEFAULT":
      if (executor.command !== undefined)
        return "'ExecutorInfo.command' must not be set for 'DEFAULT' executor"
      if (executor.container !== undefined && executor.container.type !== "MESOS")
        return "'ExecutorInfo.container.type' must be 'MESOS' for 'DEFAULT' executor"
      if (executor.container?.mesos?.image !== undefined)
        return "'ExecutorInfo.container.mesos.image' must not be set for 'DEFAULT' executor"
      break
    case "CUSTOM":
      if (executor.command === undefined)
        return "'ExecutorInfo.command' must be set for 'CUSTOM' executor"
      break
    case "UNKNOWN":
    case undefined:
      return "'ExecutorInfo.type' must be 'DEFAULT' or 'CUSTOM'"
    default:
      return executor.type satisfies never
  }
  if (executor.container?.type === "DOCKER")
    return "'ExecutorInfo.container.type' must not be 'DOCKER' for a LAUNCH_GROUP"
  return (
    sharedExecutorProblem(executor, rules) ?? minimumProblem(executor.resources ?? NO_RESOURCES)
  )
}

function sharedExecutorProblem(
  executor: ExecutorInfo,
  { frameworkId, live }: ExecutorRules,
): string | undefined {
  const id = idProblem(executor.executorId)
  if (id !== undefined) return `'ExecutorInfo.executor_id' is invalid: ${id}`
  if (executor.frameworkId !== undefined && executor.frameworkId !== frameworkId)
    return `'ExecutorInfo.framework_id' is '${executor.frameworkId}', expected '${frameworkId}'`
  if (executor.container?.linuxInfo?.shareCgroups === true)
    return "'ExecutorInfo.container.linux_info.share_cgroups' must not be true"
  const grace = executor.shutdownGracePeriod?.nanoseconds
  if (grace !== undefined && grace < 0)
    return "'ExecutorInfo.shutdown_grace_period' must be non-negative"
  const resources = validateResources(executor.resources ?? NO_RESOURCES)
  if (resources !== undefined)
    return `'ExecutorInfo.resources${resources.field}' is invalid: ${resources.message}`
  if (executor.resources?.some(({ shared }) => shared))
    return "Executor resources must not be shared"
  return (
    togetherProblem([executor.resources]) ??
    (executor.command && commandProblem("executor.command", executor.command)) ??
    (executor.container && containerProblem("executor.container", executor.container)) ??
    (live && differenceProblem(executor, live))
  )
}

/**
 * Same executor id on one agent means the same executor: it runs already. Many tasks may name it, so
 * nothing is built of the live one, however large it is.
 */
function differenceProblem(executor: ExecutorInfo, live: ExecutorInfo): string | undefined {
  // The live one is known without its secrets.
  const same =
    equalResources(plain(executor.resources), plain(live.resources)) &&
    equal(described(executorWithoutSecrets(executor)), described(live))
  return same
    ? undefined
    : `ExecutorInfo is not compatible with the live executor '${executor.executorId}' on the agent`
}

const plain = (resources: Resources | undefined): Resources =>
  unallocate(normalizeResources(resources ?? NO_RESOURCES))

/** What the framework says of it, without what the master fills in. */
const described = (executor: ExecutorInfo) => ({
  ...executor,
  type: executor.type ?? "CUSTOM",
  resources: undefined,
  frameworkId: undefined,
})

function minimumProblem(resources: Resources): string | undefined {
  const list = normalizeResources(resources)
  if (scalarOf(list, "cpus") < MIN_CPUS_MILLI)
    return "Executor resources must have at least 0.01 cpus"
  if (scalarOf(list, "mem") < MIN_MEM_MILLI)
    return "Executor resources must have at least 32 MB mem"
  return scalarOf(list, "disk") > 0 ? undefined : "Executor resources must have some disk"
}
