import { describe, expect, test } from "bun:test"
import { runInMemory, type FakeRoutes, type MemoryRunOptions } from "#lib/cli/memory-terminal.ts"
import { table } from "../table.ts"

const DIR = "/home/ada/.dcos/clusters"
const OPEN: FakeRoutes = {
  "HEAD /": new Response(""),
  "HEAD /pkgpanda/active.buildinfo.full.json": new Response(""),
  "GET /metadata": { CLUSTER_ID: "c-1", PUBLIC_IPV4: "1.2.3.4" },
  "GET /mesos/state-summary": { cluster: "demo" },
  "GET /dcos-metadata/dcos-version.json": { version: "2.2.0", "dcos-variant": "open" },
}

const toml = (name: string, url: string) =>
  `[cluster]\nname = "${name}"\n\n[core]\ndcos_url = "${url}"\ntimeout = 180\n`
const TWO = {
  [`${DIR}/c-1/dcos.toml`]: toml("up", "http://cluster"),
  [`${DIR}/c-1/attached`]: "",
  [`${DIR}/c-2/dcos.toml`]: toml("down", "http://gone"),
}

const cluster = (line: string, more: MemoryRunOptions = {}) =>
  runInMemory(table, `cluster ${line}`, {
    routes: OPEN,
    ...more,
    env: { DCOS_URL: "", ...more.env },
  })

describe("dcos cluster setup", () => {
  test("needs no login where the cluster wants none", async () => {
    const { code, out, errors, disk } = await cluster("setup http://cluster/")
    expect({ code, out }).toEqual({ code: 0, out: "" })
    expect(errors).toBe("This cluster does not require authenticated requests. Skipping login.\n")
    expect(Object.fromEntries(disk)).toEqual({
      [`${DIR}/c-1/dcos.toml`]: toml("demo", "http://cluster"),
      [`${DIR}/c-1/attached`]: "",
    })
  })

  test("makes do with the metadata", async () => {
    const routes = { "GET /metadata": { CLUSTER_ID: "c-1" } }
    const { code, disk } = await cluster("setup http://cluster", { routes })
    expect(code).toBe(0)
    expect(disk.get(`${DIR}/c-1/dcos.toml`)).toBe(toml("cluster", "http://cluster"))
  })

  test("refuses the address of something else, and configures nothing", async () => {
    const routes = { "HEAD /": new Response(""), "GET /ping": new Response("pong") }
    const { code, errors, disk } = await cluster("setup http://cluster", { routes })
    expect(code).toBe(1)
    expect(errors).toContain("Error: what answers at http://cluster is not a cluster. Give the")
    expect(disk.size).toBe(0)
  })

  test("takes a name, no timeout and a token", async () => {
    const env = { DCOS_CLUSTER_SETUP_ACS_TOKEN: "t0" }
    const { errors, disk, calls } = await cluster("setup http://cluster --name=mine --no-timeout", {
      env,
    })
    expect(errors).toBe("")
    expect(disk.get(`${DIR}/c-1/dcos.toml`)).toBe(
      '[cluster]\nname = "mine"\n\n[core]\ndcos_acs_token = "t0"\ndcos_url = "http://cluster"\ntimeout = 0\n',
    )
    expect(calls[0]?.headers.get("authorization")).toBe("token=t0")
  })

  test("attaches the new cluster instead of the old", async () => {
    const { disk } = await cluster("setup http://cluster", {
      routes: { ...OPEN, "GET /metadata": { CLUSTER_ID: "c-3" } },
      files: TWO,
    })
    expect([...disk.keys()].filter((path) => path.endsWith("attached"))).toEqual([
      `${DIR}/c-3/attached`,
    ])
  })

  test.each([
    ["setup", "missing cluster URL"],
    ["setup a b", "received 2 arguments [a b], expects a single cluster URL"],
    ["setup http://", "'http://' is not an address such as http://m1.example.com"],
  ])("`%s` is refused", async (line, message) => {
    expect(await cluster(line)).toMatchObject({ code: 1, errors: `Error: ${message}\n` })
  })

  test("says which address did not answer, and configures nothing", async () => {
    const { code, errors, disk } = await cluster("setup http://gone")
    expect(code).toBe(1)
    expect(errors).toStartWith(
      "Error: could not reach the cluster at http://gone/: the connection was refused",
    )
    expect(disk.size).toBe(0)
  })

  test("says so when the cluster wants a login", async () => {
    const routes = {
      ...OPEN,
      "HEAD /pkgpanda/active.buildinfo.full.json": new Response("", { status: 401 }),
    }
    const { code, errors } = await cluster("setup http://cluster", { routes })
    expect(code).toBe(1)
    expect(errors).toContain("DCOS_CLUSTER_SETUP_ACS_TOKEN")
  })
})

describe("dcos cluster list", () => {
  test("shows which answer, and which is attached", async () => {
    expect((await cluster("list", { files: TWO })).out).toMatchInlineSnapshot(`
      "     NAME  ID     STATUS     VERSION       URL        
           down  c-2  UNAVAILABLE  UNKNOWN  http://gone     
        *  up    c-1  AVAILABLE    2.2.0    http://cluster  
      "
    `)
  })

  test("prints the same as JSON", async () => {
    const { out } = await cluster("list --attached --json", { files: TWO })
    expect(JSON.parse(out)).toEqual([
      {
        attached: true,
        cluster_id: "c-1",
        name: "up",
        status: "AVAILABLE",
        url: "http://cluster",
        version: "2.2.0",
      },
    ])
  })

  test("of nothing is empty, unless the attached one is asked for", async () => {
    expect((await cluster("list --json")).out).toBe("[]\n")
    expect((await cluster("list --attached")).errors).toBe(
      "Error: no cluster is attached. Please run `dcos cluster attach <cluster-name>`\n",
    )
  })
})

describe("dcos cluster attach, rename, remove", () => {
  test("attach moves the mark", async () => {
    const { disk } = await cluster("attach down", { files: TWO })
    expect(disk.has(`${DIR}/c-2/attached`)).toBe(true)
    expect(disk.has(`${DIR}/c-1/attached`)).toBe(false)
  })

  test("rename keeps the rest", async () => {
    const { disk } = await cluster("rename down other", { files: TWO })
    expect(disk.get(`${DIR}/c-2/dcos.toml`)).toBe(toml("other", "http://gone"))
  })

  test.each([
    ["remove up", ["c-2"]],
    ["remove --all", []],
    ["remove --unavailable", ["c-1"]],
  ])("`%s` leaves %j", async (line, left) => {
    const { disk } = await cluster(line, { files: TWO })
    const ids = [...disk.keys()]
      .filter((path) => path.endsWith("toml"))
      .map((path) => path.split("/")[5])
    expect(ids).toEqual(left)
  })

  test.each([
    ["remove", "either a cluster name or one of the --all / --unavailable option must be passed"],
    ["remove up --all", "cannot accept both a cluster name and the --all / --unavailable option"],
    ["attach nope", "no match found"],
  ])("`%s` is refused", async (line, message) => {
    expect((await cluster(line, { files: TWO })).errors).toBe(`Error: ${message}\n`)
  })
})

describe("dcos --version", () => {
  test("without a cluster is one line", async () => {
    expect((await runInMemory(table, "--version", { env: { DCOS_URL: "" } })).out).toBe(
      "dcoscli.version=1.2.3\n",
    )
  })

  test("tells the cluster's too", async () => {
    expect((await runInMemory(table, "--version", { routes: OPEN })).out).toBe(
      "dcoscli.version=1.2.3\ndcos.version=2.2.0\ndcos.variant=open\ndcos.commit=N/A\ndcos.bootstrap-id=N/A\n",
    )
  })

  test("does without a cluster that does not answer", async () => {
    const { code, out } = await runInMemory(table, "--version", {
      env: { DCOS_URL: "http://gone" },
    })
    expect(code).toBe(0)
    expect(out).toContain("dcos.version=N/A\n")
  })
})
