import { afterEach, beforeEach, expect, test } from "bun:test"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { parsePlugin, readCsiPlugins } from "./plugins.ts"

let directory: string
beforeEach(() => {
  directory = mkdtempSync(`${tmpdir()}/dcos-csi-plugins-`)
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const endpoints = [{ csi_service: "NODE_SERVICE", endpoint: "unix:///run/nfs.sock" }]

const write = (file: string, json: object): void =>
  writeFileSync(`${directory}/${file}`, JSON.stringify(json))

test("reads each file of the directory; the first of a type counts", async () => {
  write("10-nfs", { type: "org.example.nfs", name: "lab", endpoints, target_path_root: "/mnt/nfs" })
  write("20-disks.json", {
    type: "org.example.disks",
    endpoints: [
      { csi_service: "CONTROLLER_SERVICE", endpoint: "unix:///run/controller.sock" },
      { csi_service: "NODE_SERVICE", endpoint: "/run/disks.sock" },
    ],
    target_path_exists: true,
  })
  write("30-nfs-again", { type: "org.example.nfs", name: "other", endpoints })
  mkdirSync(`${directory}/old`)
  const plugins = await readCsiPlugins(directory)
  expect(plugins.ok && [...plugins.value.values()]).toEqual([
    {
      type: "org.example.nfs",
      name: "lab",
      address: "unix:///run/nfs.sock",
      targetPathRoot: "/mnt/nfs",
      targetPathExists: false,
    },
    {
      type: "org.example.disks",
      name: "default",
      address: "unix:///run/disks.sock",
      targetPathRoot: undefined,
      targetPathExists: true,
    },
  ])
})

test("a directory that is not there, is empty or has a bad file is refused by its name", async () => {
  expect(await readCsiPlugins(`${directory}/none`)).toMatchObject({ ok: false })
  const empty = await readCsiPlugins(directory)
  expect(empty.ok ? "" : empty.error).toBe(
    `No valid CSI plugin configurations found in '${directory}'`,
  )
  write("bad", { type: "org.example.nfs" })
  const bad = await readCsiPlugins(directory)
  expect(bad.ok ? "" : bad.error).toContain(`${directory}/bad: 'endpoints' must name one`)
})

test.each([
  ["{", "JSON parse failed"],
  ["{}", "type"],
  [JSON.stringify({ type: "../up", endpoints }), "'../up' cannot be part of a path"],
  [JSON.stringify({ type: "t", name: "a/b", endpoints }), "'a/b' cannot be part of a path"],
  [JSON.stringify({ type: "t", endpoints, target_path_root: "mnt" }), "must be absolute"],
  [
    JSON.stringify({ type: "t", containers: [{ services: ["NODE_SERVICE"] }] }),
    "starts no plugins",
  ],
])("%s is refused", (text, why) => {
  const plugin = parsePlugin(text)
  expect(plugin.ok ? "" : plugin.error).toContain(why)
})
