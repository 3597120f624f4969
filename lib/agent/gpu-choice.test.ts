import { expect, test } from "bun:test"
import type { Gpu } from "#lib/ports/index.ts"
import { chooseGpus } from "./gpu-choice.ts"

const gpu = (index: number): Gpu => ({ index, minor: index, uuid: `GPU-${index}` })
const three = [gpu(0), gpu(1), gpu(2)]
const chosen = (count: number, named?: readonly number[]) => chooseGpus(three, count, named)

test("all that are offered, or those that are named, in that order", () => {
  expect(chosen(3)).toEqual({ ok: true, value: three })
  expect(chosen(2)).toEqual({ ok: true, value: [gpu(0), gpu(1)] })
  expect(chosen(0)).toEqual({ ok: true, value: [] })
  expect(chosen(2, [2, 0])).toEqual({ ok: true, value: [gpu(2), gpu(0)] })
})

test("what does not fit is refused, naming both sides", () => {
  const error = (result: ReturnType<typeof chosen>) => !result.ok && result.error
  expect(error(chosen(4))).toBe("--resources says gpus:4, but NVIDIA's nvidia-smi finds 0, 1, 2")
  expect(error(chooseGpus([], 1, undefined))).toBe(
    "--resources says gpus:1, but NVIDIA's nvidia-smi finds none on this machine",
  )
  expect(error(chosen(1, [7]))).toBe(
    "--nvidia-gpu-devices names GPU 7, but NVIDIA's nvidia-smi finds 0, 1, 2",
  )
  expect(error(chosen(2, [1, 1]))).toBe("--nvidia-gpu-devices names a GPU twice")
  expect(error(chosen(3, [0, 1]))).toBe(
    "--nvidia-gpu-devices names 2 GPUs, but --resources says gpus:3: make them agree",
  )
})
