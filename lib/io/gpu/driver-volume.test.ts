import { afterEach, beforeEach, expect, test } from "bun:test"
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { gpuDevices } from "./devices.ts"
import { makeDriverVolume } from "./driver-volume.ts"

let dir: string

beforeEach(() => {
  dir = mkdtempSync(`${tmpdir()}/dcos-driver-`)
  mkdirSync(`${dir}/lib`)
  mkdirSync(`${dir}/bin`)
  writeFileSync(`${dir}/lib/libcuda.so.535`, "cuda")
  symlinkSync("libcuda.so.535", `${dir}/lib/libcuda.so.1`)
  writeFileSync(`${dir}/lib/libnvidia-ml.so.1`, "ml")
  writeFileSync(`${dir}/bin/nvidia-smi`, "#!/bin/sh\n")
  chmodSync(`${dir}/bin/nvidia-smi`, 0o755)
  writeFileSync(
    `${dir}/ldconfig`,
    `#!/bin/sh
echo "5 libs found in cache"
printf '\\tlibcuda.so.1 (libc6,x86-64) => ${dir}/lib/libcuda.so.1\\n'
printf '\\tlibcuda.so (libc6,x86-64) => ${dir}/lib/libcuda.so.535\\n'
printf '\\tlibcuda.so.1 (libc6) => /lib32/libcuda.so.1\\n'
printf '\\tlibnvidia-ml.so.1 (libc6,x86-64) => ${dir}/lib/libnvidia-ml.so.1\\n'
printf '\\tlibc.so.6 (libc6,x86-64, OS ABI: Linux 3.2.0) => /lib/libc.so.6\\n'
`,
  )
  chmodSync(`${dir}/ldconfig`, 0o755)
})
afterEach(() => rmSync(dir, { recursive: true }))

const make = (version: string): Promise<string> =>
  makeDriverVolume({
    directory: `${dir}/volumes`,
    version,
    ldconfig: `${dir}/ldconfig`,
    path: `${dir}/bin`,
  })

test("the driver's libraries and programs lie together, by the names that programs load", async () => {
  const volume = await make("535.1")
  expect(volume).toBe(`${dir}/volumes/535.1`)
  expect(readdirSync(`${volume}/lib64`).toSorted()).toEqual([
    "libcuda.so",
    "libcuda.so.1",
    "libcuda.so.535",
    "libnvidia-ml.so.1",
  ])
  expect(readlinkSync(`${volume}/lib64/libcuda.so.1`)).toBe("libcuda.so.535")
  expect(readFileSync(`${volume}/lib64/libcuda.so`, "utf8")).toBe("cuda")
  expect(readdirSync(`${volume}/bin`)).toEqual(["nvidia-smi"])
})

test("another version takes the place of the last, and what was begun goes", async () => {
  await make("535.1")
  mkdirSync(`${dir}/volumes/.536.0.making/lib64`, { recursive: true })
  writeFileSync(`${dir}/volumes/.536.0.making/lib64/libcuda.so.1`, "half")
  const volume = await make("536.0")
  expect(readdirSync(`${dir}/volumes`)).toEqual(["536.0"])
  expect(readFileSync(`${volume}/lib64/libcuda.so.1`, "utf8")).toBe("cuda")
  expect(await make("536.0")).toBe(volume)
})

test("a container with GPUs opens theirs, and what all share", () => {
  for (const name of ["nvidiactl", "nvidia-uvm"]) writeFileSync(`${dir}/${name}`, "")
  const gpus = [{ index: 0, minor: 3, uuid: "GPU-a" }]
  expect(gpuDevices(gpus, dir)).toEqual([`${dir}/nvidiactl`, `${dir}/nvidia-uvm`, `${dir}/nvidia3`])
  expect(gpuDevices([], dir)).toEqual([])
  expect(gpuDevices(undefined, dir)).toEqual([])
})
