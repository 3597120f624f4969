import { describe, expect, test } from "bun:test"
import { runInMemory, type FakeRoutes, type MemoryRunOptions } from "#lib/cli/memory-terminal.ts"
import { table } from "../table.ts"

const V2 = "/service/marathon/v2"

const marathon = (line: string, routes: FakeRoutes, more: MemoryRunOptions = {}) =>
  runInMemory(table, `marathon ${line}`, { routes, ...more })

const DEPLOYMENTS = [
  {
    id: "d-1",
    affectedApps: ["/web"],
    affectedPods: [],
    currentActions: [{ action: "ScaleApplication", app: "/web" }],
    currentStep: 1,
    totalSteps: 2,
  },
  {
    id: "d-2",
    affectedApps: ["/a", "/b"],
    currentActions: [
      { action: "StartApplication", app: "/a" },
      { action: "StopApplication", app: "/b" },
    ],
    currentStep: 2,
    totalSteps: 3,
  },
]

describe("dcos marathon deployment", () => {
  const routes = { [`GET ${V2}/deployments`]: DEPLOYMENTS }

  test("list shows what each does to which app", async () => {
    expect((await marathon("deployment list", routes)).out).toMatchInlineSnapshot(`
      "APP   POD  ACTION    PROGRESS  ID   
      /web  -    scale     0/2       d-1  
      /a    -    start /a  1/3       d-2  
      /b         stop /b                  
      "
    `)
  })

  test("list prints the same as JSON, and ids", async () => {
    const { out } = await marathon("deployment list --json", routes)
    expect(JSON.parse(out)).toEqual(DEPLOYMENTS)
    expect((await marathon("deployment list -q web", routes)).out).toBe("d-1\n")
  })

  test("list of nothing is an error, but not as JSON", async () => {
    expect(await marathon("deployment list other", routes)).toMatchObject({
      code: 1,
      errors: "Error: There are no deployments for '/other'\n",
    })
    expect(await marathon("deployment list --json other", routes)).toMatchObject({
      code: 0,
      out: "[]\n",
    })
  })

  test("rollback prints the deployment that reverts, stop nothing", async () => {
    const answer = { version: "t", deploymentId: "d-9" }
    const undo = { [`DELETE ${V2}/deployments/d-1`]: answer }
    expect((await marathon("deployment rollback d-1", undo)).out).toBe(
      '{\n  "deploymentId": "d-9",\n  "version": "t"\n}\n',
    )
    const { out, calls } = await marathon("deployment stop d-1", undo)
    expect(out).toBe("")
    expect(calls[0]?.query).toEqual({ force: "true" })
  })

  test("watch ends when the deployment is gone", async () => {
    let looks = 0
    const fading = { [`GET ${V2}/deployments`]: () => (++looks < 3 ? DEPLOYMENTS : []) }
    const { code, out } = await marathon("deployment watch d-1 --interval=5", fading)
    expect(code).toBe(0)
    expect(out.match(/Deployment update time: .*/g)).toEqual([
      "Deployment update time: 2024-01-01T00:00:00.000Z",
      "Deployment update time: 2024-01-01T00:00:05.000Z",
    ])
  })

  test("watch looks no more often than it is told", async () => {
    const { calls } = await marathon("deployment watch d-1 --max-count=2", routes)
    expect(calls).toHaveLength(2)
  })
})

describe("dcos marathon task", () => {
  const TASKS = [
    {
      id: "web.2",
      appId: "/web",
      host: "a2",
      startedAt: "t2",
      role: "*",
      healthCheckResults: [{ alive: false }],
    },
    { id: "web.1", appId: "/web", host: "a1", startedAt: "t1", role: "*" },
    { id: "db.1", appId: "/db", host: "a1" },
  ]
  const routes = { [`GET ${V2}/tasks`]: { tasks: TASKS } }
  const killed = (answer: unknown) => ({ [`POST ${V2}/tasks/delete`]: answer })

  test("list shows a line for each", async () => {
    expect((await marathon("task list", routes)).out).toMatchInlineSnapshot(`
      "APP   HEALTHY  STARTED  HOST  ID     ROLE  
      /db   True     N/A      a1    db.1   N/A   
      /web  True     t1       a1    web.1  *     
      /web  False    t2       a2    web.2  *     
      "
    `)
  })

  test("list filters by app and prints the same as JSON", async () => {
    const { out } = await marathon("task list web --json", routes)
    expect(JSON.parse(out)).toEqual([TASKS[1], TASKS[0]])
  })

  test("show prints one, or says that there is none", async () => {
    expect(JSON.parse((await marathon("task show db.1", routes)).out)).toEqual(TASKS[2])
    expect((await marathon("task show x", routes)).errors).toBe("Error: Task 'x' does not exist\n")
  })

  test("kill names those killed", async () => {
    const { out, calls } = await marathon(
      "task kill a b --wipe",
      killed({ tasks: TASKS.slice(0, 2) }),
    )
    expect(out).toBe("Killed tasks: ['web.2', 'web.1']\n")
    expect(calls[0]).toMatchObject({
      body: { ids: ["a", "b"] },
      query: { scale: "false", wipe: "true" },
    })
  })

  test("kill with scaling names the deployment", async () => {
    const { out } = await marathon("task kill --scale a", killed({ deploymentId: "d-1" }))
    expect(out).toBe("Created deployment: d-1\n")
  })

  test("kill of nothing fails", async () => {
    expect(await marathon("task kill x", killed({ tasks: [] }))).toMatchObject({
      code: 1,
      errors: "Error: Failed to kill tasks. task-ids seems to be unknown\n",
    })
  })

  test("stop prints the task", async () => {
    const { out } = await marathon("task stop web.1", killed({ tasks: [TASKS[1]] }))
    expect(JSON.parse(out)).toEqual(TASKS[1])
  })
})

describe("dcos marathon group", () => {
  const GROUP = {
    id: "/shop",
    apps: [{ id: "/shop/web" }],
    enforceRole: true,
    groups: [{ id: "/shop/db", apps: [{ id: "/shop/db/main" }], groups: [] }],
  }
  const routes = {
    [`GET ${V2}/groups`]: { id: "/", groups: [GROUP] },
    [`GET ${V2}/groups/shop`]: GROUP,
    [`PUT ${V2}/groups/shop`]: { deploymentId: "d-1", version: "t" },
    [`POST ${V2}/groups`]: { deploymentId: "d-2", version: "t" },
    [`DELETE ${V2}/groups/shop`]: { deploymentId: "d-3", version: "t" },
  }

  test("list counts the apps below", async () => {
    expect((await marathon("group list", routes)).out).toMatchInlineSnapshot(`
      "ID        APPS  ENFORCE_ROLE  
      /shop     2     True          
      /shop/db  1     N/A           
      "
    `)
  })

  test.each([
    ["group scale shop 2.5", "d-1", { scaleBy: 2.5 }],
    ["group update shop enforceRole=false", "d-1", { enforceRole: false }],
    ["group add --id=new", "d-2", { id: "new" }],
  ])("`%s` starts a deployment", async (line, id, body) => {
    const { out, calls } = await marathon(line, routes)
    expect(out).toBe(`Created deployment ${id}\n`)
    expect(calls.at(-1)?.body).toEqual(body)
  })

  test.each([
    ["group scale shop x", "the factor must be a positive number: x"],
    ["group show nope", "Group '/nope' does not exist"],
    ["group update nope a=1", "Group '/nope' does not exist"],
    ["group add --id=shop", "Group '/shop' already exists"],
  ])("`%s` is refused", async (line, message) => {
    expect(await marathon(line, routes)).toMatchObject({ code: 1, errors: `Error: ${message}\n` })
  })

  test("show and remove", async () => {
    expect(JSON.parse((await marathon("group show /shop", routes)).out)).toEqual(GROUP)
    expect(await marathon("group remove shop", routes)).toMatchObject({ code: 0, out: "" })
  })
})

describe("dcos marathon", () => {
  test("about prints the info", async () => {
    const { out } = await marathon("about", { [`GET ${V2}/info`]: { name: "marathon" } })
    expect(out).toBe('{\n    "name": "marathon"\n}\n')
  })

  test("ping counts the masters", async () => {
    const routes = {
      "GET /service/marathon/ping": "pong",
      "GET /mesos_dns/v1/hosts/master.mesos": [
        { host: "m", ip: "1" },
        { host: "m", ip: "2" },
      ],
    }
    expect((await marathon("ping", routes)).out).toBe('Marathon ping response[2x]: "pong"\n')
    expect((await marathon("ping --once", routes)).out).toBe('Marathon ping response[1x]: "pong"\n')
  })

  test("delay reset", async () => {
    const routes = { [`DELETE ${V2}/queue/web/delay`]: new Response(null, { status: 204 }) }
    expect((await marathon("delay reset web", routes)).out).toBe("Delay on [/web] has been reset\n")
  })

  test("leader", async () => {
    const routes = {
      [`GET ${V2}/leader`]: { leader: "10.0.0.1:8080" },
      [`DELETE ${V2}/leader`]: { message: "Leadership abdicated" },
    }
    expect((await marathon("leader show", routes)).out).toContain("marathon.mesos  10.0.0.1")
    expect((await marathon("leader delete", routes)).out).toBe("Leadership abdicated\n")
  })
})
