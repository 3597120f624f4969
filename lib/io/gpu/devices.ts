import { existsSync } from "node:fs"
import type { Gpu } from "#lib/ports/index.ts"

/** Devices that every user of a GPU opens, where the driver has them. */
const SHARED_DEVICES = ["nvidiactl", "nvidia-uvm", "nvidia-uvm-tools", "nvidia-modeset"]

/**
 * The device files with which a container uses its GPUs; none where it has none.
 * Source: apache/mesos: src/slave/containerizer/mesos/isolators/gpu/isolator.cpp.
 */
export function gpuDevices(gpus: readonly Gpu[] | undefined, directory = "/dev"): string[] {
  if (gpus === undefined || gpus.length === 0) return []
  const shared = SHARED_DEVICES.map((name) => `${directory}/${name}`).filter(existsSync)
  return [...shared, ...gpus.map(({ minor }) => `${directory}/nvidia${minor}`)]
}
