import { afterEach, describe, expect, test } from "bun:test"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import fc from "fast-check"
import type { Store, Write } from "#lib/ports/index.ts"
import { MemoryStore } from "#lib/runtime/index.ts"
import { SqliteStore } from "./sqlite.ts"

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "store-"))
  folders.push(path)
  return path
}

const kinds: readonly (readonly [name: string, open: () => Store])[] = [
  ["memory", () => new MemoryStore()],
  ["sqlite", () => new SqliteStore(join(folder(), "state.db"))],
]

const put = (key: string, value: unknown): Write => ({ kind: "put", key, value })

describe.each(kinds)("%s store", (_name, open) => {
  test("gives back what was put, in key order, for a prefix", async () => {
    const store = open()
    await store.commit([put("/b/2", { n: 2 }), put("/a/1", [1, "x", null]), put("/b/1", "one")])
    expect(await store.scan("/b/")).toEqual([
      ["/b/1", "one"],
      ["/b/2", { n: 2 }],
    ])
    expect((await store.scan("")).map(([key]) => key)).toEqual(["/a/1", "/b/1", "/b/2"])
    await store.close()
  })

  test("applies the writes of one commit in order", async () => {
    const store = open()
    await store.commit([
      put("/k", 1),
      put("/k", 2),
      { kind: "delete", key: "/gone" },
      put("/gone", 1),
    ])
    await store.commit([{ kind: "delete", key: "/k" }])
    expect(await store.scan("/")).toEqual([["/gone", 1]])
    await store.close()
  })

  test("applies nothing of a commit that fails", async () => {
    const store = open()
    await store.commit([put("/k", 1)])
    const circular: { self?: unknown } = {}
    circular.self = circular
    expect(() => store.commit([put("/k", 2), put("/bad", circular)])).toThrow()
    expect(await store.scan("/")).toEqual([["/k", 1]])
    await store.commit([put("/k", 3)])
    expect(await store.scan("/")).toEqual([["/k", 3]])
    await store.close()
  })

  test("behaves like a sorted map under any sequence of commits", async () => {
    const key = fc.constantFrom("/a", "/a/b", "/a/é", "/b", "/\u{1f600}")
    const write = fc.oneof(
      fc.record({ kind: fc.constant("put" as const), key, value: fc.jsonValue() }),
      fc.record({ kind: fc.constant("delete" as const), key }),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(write, { maxLength: 5 }), { maxLength: 5 }),
        async (commits) => {
          const store = open()
          const model = new Map<string, unknown>()
          for (const writes of commits) {
            await store.commit(writes)
            for (const one of writes)
              if (one.kind === "put") model.set(one.key, JSON.parse(JSON.stringify(one.value)))
              else model.delete(one.key)
          }
          expect(new Map(await store.scan("/"))).toEqual(model)
          await store.close()
        },
      ),
      { numRuns: 25 },
    )
  })
})

describe("sqlite store on disk", () => {
  test("keeps what was committed when it is opened again", async () => {
    const path = join(folder(), "deep/er/state.db")
    const first = new SqliteStore(path)
    await first.commit([put("/k", { a: 1 })])
    await first.close()
    const second = new SqliteStore(path)
    expect(await second.scan("/")).toEqual([["/k", { a: 1 }]])
    await second.close()
  })

  test("refuses a damaged file, naming cause and remedy", () => {
    const path = join(folder(), "state.db")
    writeFileSync(path, "this is not a database, and it is long enough to be looked at".repeat(100))
    expect(() => new SqliteStore(path)).toThrow(/damaged .* restore it from a backup/)
  })

  test("refuses a file that another process holds", async () => {
    const path = join(folder(), "state.db")
    const first = new SqliteStore(path)
    await first.commit([put("/k", 1)])
    expect(() => new SqliteStore(path)).toThrow(/in use by another process/)
    await first.close()
  })

  test("refuses a layout that is newer than it knows", async () => {
    const path = join(folder(), "state.db")
    await new SqliteStore(path).close()
    const { Database } = await import("bun:sqlite")
    const raw = new Database(path)
    raw.run("PRAGMA user_version = 99")
    raw.close()
    expect(() => new SqliteStore(path)).toThrow(/layout 99/)
  })

  test("says so when the folder cannot be written", () => {
    const path = join(folder(), "file")
    writeFileSync(path, "")
    expect(() => new SqliteStore(join(path, "state.db"))).toThrow(/failed|cannot open/)
  })
})
