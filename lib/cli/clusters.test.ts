import { describe, expect, test } from "bun:test"
import { clusterName, ClusterStore } from "./clusters.ts"
import { createMemoryTerminal } from "./memory-terminal.ts"

const config = (name: string) => `[cluster]\nname = "${name}"\n`

function storeOf(files: Record<string, string>, env: Record<string, string> = {}) {
  const prefixed = Object.entries(files).map(([path, text]) => [`/d/clusters/${path}`, text])
  return new ClusterStore(
    createMemoryTerminal({
      env: { DCOS_DIR: "/d", ...env },
      files: Object.fromEntries(prefixed) as Record<string, string>,
    }),
  )
}

const TWO = { "id-1/dcos.toml": config("one"), "id-2/dcos.toml": config("two") }

describe("the current cluster", () => {
  test("is the only one", async () => {
    expect((await storeOf({ "id-1/dcos.toml": config("one") }).current())?.id).toBe("id-1")
  })

  test("is the attached one of several", async () => {
    expect((await storeOf({ ...TWO, "id-2/attached": "" }).current())?.id).toBe("id-2")
    expect(await storeOf(TWO).current()).toBeUndefined()
  })

  test("is the one that DCOS_CLUSTER names", async () => {
    const files = { ...TWO, "id-2/attached": "" }
    expect((await storeOf(files, { DCOS_CLUSTER: "one" }).current())?.id).toBe("id-1")
    await expect(storeOf(files, { DCOS_CLUSTER: "id" }).current()).rejects.toThrow("no match found")
  })

  test("is the file that DCOS_CONFIG names", async () => {
    const terminal = createMemoryTerminal({
      env: { DCOS_CONFIG: "/etc/dcos.toml" },
      files: { "/etc/dcos.toml": config("file") },
    })
    const current = await new ClusterStore(terminal).current()
    expect(current && clusterName(current)).toBe("file")
  })

  test("is not chosen when several are attached", async () => {
    const files = { ...TWO, "id-1/attached": "", "id-2/attached": "" }
    await expect(storeOf(files).current()).rejects.toThrow("multiple clusters are attached")
  })
})

describe("finding a cluster", () => {
  test.each([
    ["two", "id-2"],
    ["id-1", "id-1"],
  ])("by %s", async (name, id) => {
    expect((await storeOf(TWO).find(name)).id).toBe(id)
  })

  test("by a prefix that fits one", async () => {
    const store = storeOf({ "abc/dcos.toml": config("x"), "abd/dcos.toml": config("y") })
    expect((await store.find("abd")).id).toBe("abd")
    await expect(store.find("ab")).rejects.toThrow("multiple matches found")
    await expect(store.find("z")).rejects.toThrow("no match found")
  })
})

test("attaching one detaches the others", async () => {
  const store = storeOf({ ...TWO, "id-1/attached": "" })
  await store.attach("id-2")
  expect((await store.list()).map(({ id, attached }) => [id, attached])).toEqual([
    ["id-1", false],
    ["id-2", true],
  ])
})

test("names the file and line it cannot read", async () => {
  const broken = storeOf({ "id-1/dcos.toml": "[core]\nnonsense" }).current()
  await expect(broken).rejects.toThrow("cannot read /d/clusters/id-1/dcos.toml: line 2")
})
