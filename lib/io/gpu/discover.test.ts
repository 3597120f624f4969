import { expect, test } from "bun:test"
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { findGpus, readInventory } from "./discover.ts"
import { smiOutput } from "./test-driver.ts"

async function found(script: string) {
  const dir = mkdtempSync(`${tmpdir()}/dcos-gpus-`)
  const tool = `${dir}/tool`
  writeFileSync(tool, `#!/bin/sh\n${script}\n`)
  chmodSync(tool, 0o755)
  try {
    return await findGpus(tool)
  } finally {
    rmSync(dir, { recursive: true })
  }
}

test("each GPU has the number of the tool's order, its device's number and a name", () => {
  expect(
    readInventory(
      smiOutput([
        ["GPU-a", 1],
        ["GPU-b", 0],
      ]),
    ),
  ).toEqual({
    driver: "535.104.05",
    gpus: [
      { index: 0, minor: 1, uuid: "GPU-a" },
      { index: 1, minor: 0, uuid: "GPU-b" },
    ],
  })
})

test("a GPU that cannot be named or opened does not count", () => {
  expect(readInventory(smiOutput([["GPU-a", "N/A"]]))).toBeUndefined()
  const text = smiOutput([
    ["GPU-a", "N/A"],
    ["GPU-b", 1],
  ])
  expect(readInventory(text)?.gpus).toEqual([{ index: 1, minor: 1, uuid: "GPU-b" }])
})

test("the tool is asked for XML", async () => {
  const script = `[ "$*" = "--query --xml-format" ] && cat <<'END'\n${smiOutput([["GPU-a", 0]])}\nEND`
  expect(await found(script)).toMatchObject({ gpus: [{ uuid: "GPU-a" }] })
})

test("a tool that fails or is missing finds none", async () => {
  expect(await found(`echo '${smiOutput([["GPU-a", 0]])}'; exit 9`)).toBeUndefined()
  expect(await found("echo 'No devices were found'")).toBeUndefined()
  expect(await findGpus("no-such-tool-anywhere")).toBeUndefined()
})
