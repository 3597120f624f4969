import type Docker from "dockerode"
import type { TaskInfo } from "#lib/mesos/index.ts"
import { CPU_PERIOD_US, taskLimits } from "#lib/io/host/task-limits.ts"

/** What a container may swap beside its memory: as much again, as the daemon has it by itself. */
const SWAP_FACTOR = 2

/**
 * Sets the limits of a container that runs anew; memory that it may use is not taken from it. Rejects
 * where the daemon refuses.
 */
export async function resizeContainer(container: Docker.Container, task: TaskInfo): Promise<void> {
  const { cpuShares, cpuQuotaUs, memoryHardBytes = 0 } = taskLimits(task)
  const { HostConfig } = await container.inspect()
  const before = HostConfig.Memory ?? 0
  const grows = before > 0 && memoryHardBytes > before
  await container.update({
    ...(cpuShares === undefined ? {} : { CpuShares: cpuShares }),
    ...(cpuQuotaUs === undefined ? {} : { CpuPeriod: CPU_PERIOD_US, CpuQuota: cpuQuotaUs }),
    ...(grows ? { Memory: memoryHardBytes, MemorySwap: memoryHardBytes * SWAP_FACTOR } : {}),
  })
}
