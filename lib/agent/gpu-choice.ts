import type { Gpu } from "#lib/ports/index.ts"
import { err, ok, type Result } from "#lib/std/result.ts"

/**
 * Which of the GPUs that were found tasks may use: those that `--nvidia_gpu_devices` names, else the
 * first `count`, which is what the agent offers. Refused, with a text for people, when they do not fit
 * each other or what was found.
 */
export function chooseGpus(
  found: readonly Gpu[],
  count: number,
  named: readonly number[] | undefined,
): Result<readonly Gpu[], string> {
  const has =
    found.length === 0
      ? "NVIDIA's nvidia-smi finds none on this machine"
      : `NVIDIA's nvidia-smi finds ${found.map(({ index }) => index).join(", ")}`
  if (named === undefined) {
    if (count > found.length) return err(`--resources says gpus:${count}, but ${has}`)
    return ok(found.slice(0, count))
  }
  if (new Set(named).size < named.length) return err("--nvidia-gpu-devices names a GPU twice")
  const gpus: Gpu[] = []
  for (const index of named) {
    const gpu = found.find((each) => each.index === index)
    if (gpu === undefined) return err(`--nvidia-gpu-devices names GPU ${index}, but ${has}`)
    gpus.push(gpu)
  }
  if (count === named.length) return ok(gpus)
  return err(
    `--nvidia-gpu-devices names ${named.length} GPUs, but --resources says gpus:${count}: make them agree`,
  )
}
