import { describe, expect, test } from "bun:test"
import { runInMemory, type FakeRoutes, type MemoryRunOptions } from "#lib/cli/memory-terminal.ts"
import { table } from "../../table.ts"

const BASE = "/service/marathon/v2"
const DEPLOYED = { deploymentId: "d-1", version: "2024-01-01T00:00:00.000Z" }
const APP = { id: "/web", instances: 2, tasksRunning: 2, cmd: "serve" }
const STOPPED = { id: "/web", instances: 0, tasksRunning: 0 }

const found = (app: unknown) => ({ [`GET ${BASE}/apps/web`]: { app } })
const locked = () =>
  Response.json({ message: "App is locked", deployments: [{ id: "d-0" }] }, { status: 409 })

const app = (line: string | readonly string[], routes: FakeRoutes, more: MemoryRunOptions = {}) =>
  runInMemory(
    table,
    typeof line === "string" ? `marathon app ${line}` : ["marathon", "app", ...line],
    { routes, ...more },
  )

describe("dcos marathon app add", () => {
  const created = { [`POST ${BASE}/apps/`]: { id: "/web", deployments: [{ id: "d-1" }] } }
  const definition = '{"id":"web","cmd":"serve"}'

  test("posts what comes on standard input", async () => {
    const { code, out, calls } = await app("add", created, { input: definition })
    expect({ code, out }).toEqual({ code: 0, out: "Created deployment d-1\n" })
    expect(calls.at(-1)?.body).toEqual({ id: "web", cmd: "serve" })
  })

  test("reads a file", async () => {
    const { out } = await app("add web.json", created, { files: { "web.json": definition } })
    expect(out).toBe("Created deployment d-1\n")
  })

  test("fetches an address", async () => {
    const routes = { ...created, "GET /web.json": { id: "web" } }
    const { calls } = await app("add http://cluster/web.json", routes)
    expect(calls.at(-1)?.body).toEqual({ id: "web" })
  })

  test.each<[string, MemoryRunOptions, string]>([
    [
      "add",
      { inputIsTerminal: true },
      "We currently don't support reading from the TTY. Please specify an application JSON.",
    ],
    ["add none.json", {}, "can't read from resource: none.json. Please check that it exists"],
    ["add", { input: "[]" }, "error loading JSON: it must be one object in braces"],
    ["add", { input: "{}" }, "application ID must be set"],
  ])("refuses `%s` with %j", async (line, more, message) => {
    expect(await app(line, created, more)).toMatchObject({ code: 1, errors: `Error: ${message}\n` })
  })

  test("refuses an id that is taken", async () => {
    const { errors, calls } = await app("add", { ...created, ...found(APP) }, { input: definition })
    expect(errors).toBe("Error: Application '/web' already exists\n")
    expect(calls.map(({ method }) => method)).toEqual(["GET"])
  })

  test("shows what Marathon finds wrong, field by field", async () => {
    const details = [{ path: "/cpus", errors: ["error.expected.jsnumber"] }]
    const refusal = () => Response.json({ message: "Invalid JSON", details }, { status: 422 })
    const { errors } = await app("add", { [`POST ${BASE}/apps/`]: refusal }, { input: definition })
    expect(errors).toBe("Error: Invalid JSON\n  /cpus: error.expected.jsnumber\n")
  })
})

describe("dcos marathon app update", () => {
  const routes = { ...found(APP), [`PUT ${BASE}/apps/web`]: DEPLOYED }

  test.each(["web", "/web", "web/"])("sends only the given keys to %s", async (id) => {
    const words = ["update", id, "instances=5", "cpus=0.5", 'env={"A":"1"}']
    const { code, out, calls } = await app(words, routes)
    expect({ code, out }).toEqual({ code: 0, out: "Created deployment d-1\n" })
    expect(calls.at(-1)).toMatchObject({
      body: { instances: 5, cpus: 0.5, env: { A: "1" } },
      query: {},
    })
  })

  test("takes JSON from standard input, and force", async () => {
    const { calls } = await app("update --force web", routes, { input: '{"mem":64}' })
    expect(calls.at(-1)).toMatchObject({ body: { mem: 64 }, query: { force: "true" } })
  })

  test("needs an app that exists", async () => {
    expect((await app("update web a=1", {})).errors).toBe("Error: App '/web' does not exist\n")
  })

  test("says that a deployment is in the way", async () => {
    const { errors } = await app("update web a=1", { ...routes, [`PUT ${BASE}/apps/web`]: locked })
    expect(errors).toBe("Error: changes blocked: deployment already in progress for app\n")
  })
})

describe("dcos marathon app start and stop", () => {
  const put = { [`PUT ${BASE}/apps/web`]: DEPLOYED }

  test.each([
    ["start web", STOPPED, { instances: 1 }],
    ["start web 3", STOPPED, { instances: 3 }],
    ["stop --force web", APP, { instances: 0 }],
  ])("`%s` of %j sends %j", async (line, now, body) => {
    const { out, calls } = await app(line, { ...found(now), ...put })
    expect(out).toBe("Created deployment d-1\n")
    expect(calls.at(-1)?.body).toEqual(body)
  })

  test.each([
    ["start web", APP, "application '/web' already started: 2 instances"],
    ["start web 0", STOPPED, "the number of instances must be positive: 0"],
    ["start web many", STOPPED, "the number of instances must be positive: many"],
    ["stop web", STOPPED, "app '/web' already stopped: 0 instances"],
    [
      "restart web",
      STOPPED,
      "unable to perform rolling restart of application '/web' because it has no running tasks",
    ],
  ])("`%s` of %j is refused", async (line, now, message) => {
    expect(await app(line, { ...found(now), ...put })).toMatchObject({
      code: 1,
      errors: `Error: ${message}\n`,
    })
  })

  test.each(["start web", "stop web", "restart web", "show web"])(
    "`%s` needs an app",
    async (line) => {
      expect((await app(line, {})).errors).toBe("Error: App '/web' does not exist\n")
    },
  )
})

describe("dcos marathon app restart, remove and kill", () => {
  test("restarts", async () => {
    const routes = { ...found(APP), [`POST ${BASE}/apps/web/restart`]: DEPLOYED }
    expect((await app("restart web", routes)).out).toBe("Created deployment d-1\n")
  })

  test("removes silently", async () => {
    const { code, out, errors } = await app("remove web", { [`DELETE ${BASE}/apps/web`]: DEPLOYED })
    expect({ code, out, errors }).toEqual({ code: 0, out: "", errors: "" })
  })

  test("shows Marathon's own words when there is nothing to remove", async () => {
    const missing = Response.json({ message: "App '/web' does not exist" }, { status: 404 })
    const { errors } = await app("remove web", { [`DELETE ${BASE}/apps/web`]: missing })
    expect(errors).toBe("Error: App '/web' does not exist\n")
  })

  test("kills the tasks on one host", async () => {
    const routes = { [`DELETE ${BASE}/apps/web/tasks`]: { tasks: [] } }
    const { out, calls } = await app("kill --host=a1 web", routes)
    expect(out).toBe("Killed tasks: []\n")
    expect(calls[0]?.query).toEqual({ host: "a1" })
  })

  test("kills and scales", async () => {
    const { out, calls } = await app("kill --scale web", {
      [`DELETE ${BASE}/apps/web/tasks`]: DEPLOYED,
    })
    expect(out).toBe(`Started deployment: ${JSON.stringify(DEPLOYED)}\n`)
    expect(calls[0]?.query).toEqual({ scale: "true" })
  })

  test("kills either on a host or with scaling", async () => {
    expect((await app("kill --scale --host=a web", {})).errors).toBe(
      "Error: the flags 'scale' and 'host' cannot be used at the same time\n",
    )
  })
})

describe("versions of an app", () => {
  const routes = {
    ...found(APP),
    [`GET ${BASE}/apps/web/versions`]: { versions: ["t3", "t2", "t1"] },
    [`GET ${BASE}/apps/web/versions/t2`]: { id: "/web", version: "t2" },
  }

  test("are listed newest first", async () => {
    expect((await app("version list web", routes)).out).toBe('[\n  "t3",\n  "t2",\n  "t1"\n]\n')
    expect((await app("version list --max-count=1 web", routes)).out).toBe('[\n  "t3"\n]\n')
  })

  test.each([
    ["version list --max-count=0 web", "maximum count must be a positive number"],
    ["version list other", "Marathon API error: App '/other' does not exist"],
    ["show --app-version=1 web", "relative versions must be negative: 1"],
    ["show --app-version=-3 web", "application 'web' only has 3 version(s)"],
  ])("`%s` is refused", async (line, message) => {
    expect((await app(line, routes)).errors).toBe(`Error: ${message}\n`)
  })

  test.each(["show web", "show --app-version=-1 web", "show --app-version=t2 web"])(
    "`%s` prints the app",
    async (line) => {
      expect(JSON.parse((await app(line, routes)).out)).toMatchObject({ id: "/web" })
    },
  )
})
