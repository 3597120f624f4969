import { expect, test } from "bun:test"
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { countGpus } from "./gpus.ts"

async function counted(script: string): Promise<number> {
  const dir = mkdtempSync(`${tmpdir()}/dcos-gpus-`)
  const tool = `${dir}/tool`
  writeFileSync(tool, `#!/bin/sh\n${script}\n`)
  chmodSync(tool, 0o755)
  try {
    return await countGpus(tool)
  } finally {
    rmSync(dir, { recursive: true })
  }
}

test("counts the lines that name a GPU", async () => {
  expect(await counted("echo 'GPU 0: H200 (UUID: a)'; echo 'GPU 1: H200 (UUID: b)'")).toBe(2)
  expect(await counted("echo 'No devices found'")).toBe(0)
})

test("a tool that fails or is missing finds none", async () => {
  expect(await counted("echo 'GPU 0: x'; exit 9")).toBe(0)
  expect(await countGpus("no-such-tool-anywhere")).toBe(0)
})
