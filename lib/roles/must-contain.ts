import type { ContainerRuntime } from "#lib/ports/index.ts"
import type { AgentRoleOptions } from "./agent.ts"
import { StartError } from "./process.ts"

/**
 * What the operator wants to isolate tasks with must not silently be absent: throws a `StartError` where
 * tasks are to run in containers and there is no runc to run them with.
 */
export async function mustContain(
  {
    contained = [],
    containers,
  }: Pick<AgentRoleOptions, "contained"> & {
    readonly containers: Pick<AgentRoleOptions["containers"], "launcher">
  },
  runtimes: readonly Pick<ContainerRuntime, "name" | "available">[],
): Promise<void> {
  if (containers.launcher === "posix") return
  const able = await runtimes.find(({ name }) => name === "runc")?.available()
  const wanted =
    contained.length === 0 ? "--launcher linux" : `${contained.join(", ")} of --isolation`
  if (able?.ok === false) throw new StartError(`${wanted} cannot be had: ${able.error}`)
}
