import { describe, expect, test } from "bun:test"
import { Catalog, Cosmos, readRepository } from "#lib/cosmos/index.ts"
import { embeddedCatalog } from "#lib/io/index.ts"

const files = new Map([...embeddedCatalog()].filter(([path]) => path.includes("/")))
const repository = readRepository({ name: "local", uri: "embedded:catalog" }, files)
const cosmos = new Cosmos({
  catalog: new Catalog([repository]),
  marathon: () => Promise.reject(new Error("nothing is posted here")),
  mesos: () => Promise.reject(new Error("nothing is asked here")),
  compress: (text) => text,
  decompress: (text) => text,
})

describe.each(repository.revisions.map((one) => [`${one.name} ${one.version}`, one] as const))(
  "%s",
  (_title, { name, version, config }) => {
    test("renders with its defaults", () => {
      const app = cosmos.render({ packageName: name, packageVersion: version })
      expect(app).toMatchObject({ ok: true })
    })

    test("describes every option", () => {
      expect(JSON.stringify(config ?? {})).toContain("description")
    })
  },
)

describe("helloworld", () => {
  test("runs the executable that the agent offers", () => {
    const app = cosmos.render({ packageName: "helloworld" })
    expect(app.ok && app.value).toMatchObject({
      id: "/helloworld",
      instances: 1,
      cmd: 'exec "$DCOS_EXECUTABLE" hello --port "$PORT0"',
    })
  })

  test("runs in a container where the option says so", () => {
    const app = cosmos.render({
      packageName: "helloworld",
      options: { container: { enabled: true, image: "web:2" }, service: { instances: 3 } },
    })
    expect(app.ok && app.value).toMatchObject({
      instances: 3,
      container: { type: "DOCKER", docker: { image: "web:2" } },
    })
  })

  test.each([
    [{ service: { instances: -1 } }],
    [{ service: { name: "Bad Name" } }],
    [{ typo: {} }],
  ])("refuses the wrong option %j", (options) => {
    const app = cosmos.render({ packageName: "helloworld", options })
    expect(app.ok ? "accepted" : app.error.code).toBe("JsonSchemaMismatch")
  })
})
