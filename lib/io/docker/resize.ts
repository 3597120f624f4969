import type Docker from "dockerode"
import type { TaskInfo } from "#lib/mesos/index.ts"
import { CPU_PERIOD_US, taskLimits, unlimitedMemory } from "#lib/io/host/task-limits.ts"

/** What a container may swap beside its memory: as much again, as the daemon has it by itself. */
const SWAP_FACTOR = 2

/** The daemon cannot take a limit away, but set one that no machine reaches: 4 PiB. */
const UNREACHED_BYTES = 2 ** 52

/** What the daemon understands as no limit of processor time. */
const NO_QUOTA = -1

/** How limits follow from resources. */
export type ResizeOptions = {
  /** Whether cpus that a task asked for are a limit too, where it names none. */
  readonly enableCfs: boolean | undefined
}

/**
 * Sets the limits of a container that runs anew; memory that it may use is not taken from it. Rejects
 * where the daemon refuses.
 */
export async function resizeContainer(
  container: Docker.Container,
  task: TaskInfo,
  { enableCfs }: ResizeOptions,
): Promise<void> {
  const limits = taskLimits(task, { enableCfs })
  const { cpuShares, cpuQuotaUs = NO_QUOTA, memorySoftBytes } = limits
  const { HostConfig } = await container.inspect()
  const before = HostConfig.Memory ?? 0
  const hard = unlimitedMemory(limits) ? UNREACHED_BYTES : (limits.memoryHardBytes ?? 0)
  const grows = before > 0 && hard > before
  await container.update({
    ...(cpuShares === undefined ? {} : { CpuShares: cpuShares }),
    CpuPeriod: CPU_PERIOD_US,
    CpuQuota: cpuQuotaUs,
    ...(grows ? { Memory: hard, MemorySwap: hard * SWAP_FACTOR } : {}),
    ...(memorySoftBytes === undefined ? {} : { MemoryReservation: memorySoftBytes }),
  })
}
