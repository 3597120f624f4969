import { afterEach, beforeEach, expect, test } from "bun:test"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import type { Log, LogFields } from "#lib/ports/index.ts"
import { NetworkConfigs } from "./configs.ts"

let directory: string
let told: (LogFields | undefined)[]
const log: Log = { enabled: () => true, write: (_level, _message, fields) => told.push(fields) }

beforeEach(() => {
  directory = mkdtempSync(`${tmpdir()}/dcos-cni-`)
  told = []
})
afterEach(() => rmSync(directory, { recursive: true }))

const write = (file: string, content: unknown): void =>
  writeFileSync(
    `${directory}/${file}`,
    typeof content === "string" ? content : JSON.stringify(content),
  )

test("networks are read anew each time", async () => {
  const configs = new NetworkConfigs(directory, log)
  write("a.conf", { name: "a", type: "bridge" })
  write("b.conflist", { name: "b", plugins: [{ type: "ptp" }] })
  write("README.md", "no network")
  expect(await configs.find("b")).toMatchObject({ ok: true, value: { name: "b" } })
  expect(await configs.find("c")).toEqual({
    ok: false,
    error: `container network 'c' is not known: this agent has a, b, mesos-bridge, described in ${directory}`,
  })
  write("c.json", { name: "c", type: "ptp" })
  expect(await configs.find("c")).toMatchObject({ ok: true })
  expect(told).toEqual([])
})

test("what is wrong is told once, and hides nothing else", async () => {
  const configs = new NetworkConfigs(directory, log)
  write("a.conf", "{")
  write("b.conf", { name: "b", type: "bridge" })
  write("c.conf", { name: "b", type: "ptp" })
  for (let times = 0; times < 2; times++)
    expect(await configs.find("b")).toMatchObject({
      ok: true,
      value: { plugins: [{ type: "bridge" }] },
    })
  expect(told).toEqual([
    { path: `${directory}/a.conf`, problem: expect.stringContaining("it is no JSON") },
    { path: `${directory}/c.conf`, problem: "network 'b' is described by another file too" },
  ])
})

test("without a directory that can be read there is only the network of every agent", async () => {
  const missing = new NetworkConfigs(`${directory}/none`, log)
  expect(await missing.find("a")).toMatchObject({
    ok: false,
    error: expect.stringContaining("this agent has mesos-bridge,"),
  })
  expect(told).toMatchObject([{ path: `${directory}/none` }])
  expect(await new NetworkConfigs(undefined, log).find("a")).toMatchObject({
    ok: false,
    error: expect.stringContaining("--network_cni_config_dir"),
  })
})

test("a description of that network takes its place", async () => {
  const configs = new NetworkConfigs(directory, log)
  expect(await configs.find("mesos-bridge")).toMatchObject({
    value: { plugins: [{ bridge: "ucr-br0" }, { type: "portmap" }] },
  })
  write("own.conf", { name: "mesos-bridge", type: "ptp" })
  expect(await configs.find("mesos-bridge")).toMatchObject({
    value: { plugins: [{ type: "ptp" }] },
  })
})
