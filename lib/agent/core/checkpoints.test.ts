/**
 * What agents have stored, one file for each release: every later agent must go on with it. The file
 * of this release changes with what it stores (UPDATE_CHECKPOINTS=1 writes it); those of earlier ones
 * never do.
 */
import { describe, expect, test } from "bun:test"
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import {
  parseResources,
  type OfferOperation,
  type Resource,
  type TaskInfo,
} from "#lib/mesos/index.ts"
import type { ContainerId } from "#lib/ports/index.ts"
import { version } from "../../../package.json"
import { readStore } from "./checkpoint.ts"
import { testFramework, testOptions, testTask, TestWorld } from "./test-world.ts"
import type { StoreEntry } from "./types.ts"

/** A file of this folder. */
type Checkpoint = {
  readonly entries: readonly StoreEntry[]
  /** What an agent that begins with the entries knows, and what it looks for. */
  readonly picture: unknown
  readonly recovered: readonly string[]
}

const folder = `${import.meta.dir}/checkpoints`
const own = `${version}.jsonl`

const parsed = parseResources("cpus:4;mem:1024;disk:1000;gpus:2;ports:[31000-31009]")
const resources = parsed.ok ? parsed.value : []
const options = testOptions({
  info: { hostname: "a1", port: 5051, resources },
  bootId: "boot-1",
  gpus: [{ index: 0, minor: 0, uuid: "GPU-0" }],
  switchUser: true,
})

const volume: Resource = {
  name: "disk",
  value: { kind: "scalar", milli: 10_000 },
  reservations: [{ type: "DYNAMIC", role: "db", principal: "ops" }],
  disk: { persistence: { id: "v1" }, volume: { containerPath: "data", mode: "RW" } },
}
const { disk: _, ...space } = volume

/** An agent that stores everything that agents store. */
function busyAgent(): TestWorld {
  const w = new TestWorld(options).register()
  const { id: frameworkId } = testFramework()
  const apply = (uuid: string, operation: OfferOperation): void =>
    w.receive({ kind: "applyOperation", uuid, operation, ...(frameworkId && { frameworkId }) })
  apply("op-1", { kind: "reserve", resources: [space] })
  apply("op-2", { kind: "create", volumes: [volume] })
  apply("op-3", { kind: "destroy", volumes: [volume] })
  const web: Partial<TaskInfo> = {
    resources: [{ name: "gpus", value: { kind: "scalar", milli: 1_000 }, reservations: [] }],
    check: { type: "COMMAND", command: { command: { value: "true" } } },
    healthCheck: { type: "TCP", tcp: { port: 31_000 } },
    killPolicy: { gracePeriod: { nanoseconds: 1e9 } },
    labels: { labels: [{ key: "a", value: "b" }] },
  }
  const running = w.runToRunning(testTask("web", web))
  const docker = { type: "DOCKER", docker: { image: "busybox", network: "BRIDGE" } } as const
  w.runToRunning(testTask("boxed", { container: docker }))
  const ended = w.runToRunning(testTask("ended"))
  w.exited(ended, 1 << 8)
  const [first] = w.runGroup([testTask("a"), testTask("b")])
  if (first !== undefined) w.started(first)
  w.runInExecutor("job")
  const done = w.runToRunning(testTask("done"), testFramework({ id: "m-0001" as never }))
  w.exited(done, 0)
  w.acknowledgeAll()
  w.give({
    kind: "containerCall",
    call: 1,
    request: {
      kind: "launch",
      purpose: "nested",
      containerId: `${running.containerId}.side` as ContainerId,
      command: { value: "sleep 9" },
    },
  })
  w.receive({ kind: "drain", config: { maxGracePeriod: { nanoseconds: 9e9 }, markGone: true } })
  return w
}

const sorted = (store: ReadonlyMap<string, unknown>): StoreEntry[] =>
  [...store].sort(([a], [b]) => (a < b ? -1 : 1))

/** What an agent makes of stored entries. */
function read(entries: readonly StoreEntry[]): Omit<Checkpoint, "entries"> {
  const w = new TestWorld(options, new Map(entries))
  const picture = w.picture()
  w.give({ kind: "start" })
  return { picture, recovered: w.all("recover").map(({ spec }) => spec.containerId) }
}

if (process.env["UPDATE_CHECKPOINTS"] === "1") {
  const entries = sorted(busyAgent().store)
  const lines = [read(entries), ...entries].map((each) => `${JSON.stringify(each)}\n`)
  writeFileSync(`${folder}/${own}`, lines.join(""))
}

/** What is known of the entries comes first, then each of them, a line each. */
function load(name: string): Checkpoint {
  const [known, ...entries] = readFileSync(`${folder}/${name}`, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line))
  return { entries, ...known }
}

test("the file of this release is what its agent stores", () => {
  expect(sorted(busyAgent().store)).toEqual([...load(own).entries])
})

test("it has an entry of every kind", () => {
  const { stored, unreadable } = readStore(load(own).entries)
  expect(unreadable).toEqual([])
  for (const [kind, entries] of Object.entries(stored))
    expect([kind, entries.length]).not.toEqual([kind, 0])
})

describe.each(readdirSync(folder))("an agent that finds what %s holds", (name) => {
  test("knows what the one before it knew, and looks for its containers", () => {
    const { entries, picture, recovered } = load(name)
    expect(read(entries)).toEqual({ picture, recovered })
  })
})
