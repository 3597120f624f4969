import { describe, expect, test } from "bun:test"
import { runCommandLine } from "#lib/cli/index.ts"
import { createFakeServer, createMemoryTerminal } from "#lib/cli/memory-terminal.ts"
import { table } from "../../table.ts"

const APPS = [
  {
    id: "/web",
    mem: 128,
    cpus: 0.1,
    instances: 3,
    tasksRunning: 2,
    tasksHealthy: 1,
    healthChecks: [{ protocol: "HTTP" }],
    container: { type: "DOCKER" },
    role: "dev",
    args: ["serve", "--port", "80"],
  },
  {
    id: "/batch",
    mem: 32.5,
    cpus: 1,
    instances: 1,
    tasksRunning: 0,
    healthChecks: [],
    cmd: "sleep 1000 && echo this is long",
  },
]

const ROUTES = {
  "GET /service/marathon/v2/apps": { apps: APPS },
  "GET /service/marathon/v2/deployments": [
    { id: "d1", currentActions: [{ action: "ScaleApplication", app: "/web" }] },
    { id: "d2", currentActions: [{ action: "RestartApplication", app: "/web" }] },
  ],
  "GET /service/marathon/v2/queue": {
    queue: [{ app: { id: "/batch" }, delay: { overdue: true } }],
  },
}

async function appList(line: string, routes: Record<string, unknown> = ROUTES) {
  const server = createFakeServer(routes)
  const env = { DCOS_URL: "http://cluster/", DCOS_ACS_TOKEN: "t0" }
  const terminal = createMemoryTerminal({ env, fetch: server.fetch })
  const code = await runCommandLine(
    table,
    ["marathon", "app", "list", ...line.split(" ").filter(Boolean)],
    terminal,
  )
  return { code, out: terminal.out(), errors: terminal.errors(), calls: server.calls }
}

describe("dcos marathon app list", () => {
  test("prints the table, sorted by id", async () => {
    const { out, code } = await appList("")
    expect(code).toBe(0)
    expect(out.replaceAll(" ", "·")).toMatchInlineSnapshot(`
      "····ID····MEM···CPUS··TASKS··HEALTH····DEPLOYMENT·····WAITING··CONTAINER···············CMD················ROLE··
      ··/batch··32.5··1·····0/1····---·····---··············true·····MESOS······sleep·1000·&&·echo·this·is·...········
      ··/web····128···0.1···2/3····1/2·····(scale,restart)··false····DOCKER·····[serve,·--port,·80]·············dev···
      "
    `)
  })

  test("prints the same apps as JSON", async () => {
    const { out } = await appList("--json")
    expect(JSON.parse(out)).toEqual([APPS[1], APPS[0]])
    expect(out).toContain("sleep 1000 \\u0026\\u0026 echo")
    expect(out.startsWith('[\n    {\n        "id"')).toBe(true)
  })

  test("prints only ids", async () => {
    expect((await appList("-q")).out).toBe("/batch\n/web\n")
  })

  test("prints only the headings when there are no apps", async () => {
    const none = { ...ROUTES, "GET /service/marathon/v2/apps": { apps: [] } }
    expect((await appList("", none)).out.trim().split(/\s+/)).toEqual([
      "ID",
      "MEM",
      "CPUS",
      "TASKS",
      "HEALTH",
      "DEPLOYMENT",
      "WAITING",
      "CONTAINER",
      "CMD",
      "ROLE",
    ])
  })

  test("sends the token and names itself", async () => {
    const { calls } = await appList("")
    expect(calls[0]?.headers.get("authorization")).toBe("token=t0")
    expect(calls[0]?.headers.get("user-agent")).toBe("dcos-cli/1.2.3 linux")
  })

  test.each([
    [401, "authentication failed, please run `dcos auth login`"],
    [403, "you are not authorized to perform this operation"],
    [500, "HTTP 500 error"],
  ])("explains status %i", async (status, message) => {
    const routes = { "GET /service/marathon/v2/apps": new Response("<html>", { status }) }
    expect(await appList("", routes)).toMatchObject({ code: 1, errors: `Error: ${message}\n` })
  })

  test("says which address did not answer and how to change it", async () => {
    const server = createFakeServer({}, "http://elsewhere")
    const env = { DCOS_MARATHON_URL: "http://10.141.141.10:8080" }
    const terminal = createMemoryTerminal({ env, fetch: server.fetch })
    expect(await runCommandLine(table, ["marathon", "app", "list"], terminal)).toBe(1)
    expect(terminal.errors()).toMatchInlineSnapshot(`
      "Error: could not reach Marathon at http://10.141.141.10:8080/v2/apps: the connection was refused. Check that it runs; its address is the setting marathon.url (\`dcos config set marathon.url <url>\`)
      "
    `)
  })
})
