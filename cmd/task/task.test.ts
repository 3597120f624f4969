import { describe, expect, test } from "bun:test"
import {
  runInMemory,
  type FakeCall,
  type FakeRoutes,
  type MemoryRunOptions,
} from "#lib/cli/memory-terminal.ts"
import { table } from "../table.ts"

const task = (id: string, more: object = {}) => ({
  id,
  name: id.replace(/\..*/, ""),
  framework_id: "F1",
  executor_id: "",
  slave_id: "S1",
  state: "TASK_RUNNING",
  resources: { cpus: 0.1 },
  statuses: [],
  ...more,
})

const STATE = {
  slaves: [
    {
      id: "S1",
      hostname: "a1.example",
      pid: "slave(1)@10.0.2.1:5051",
      domain: { fault_domain: { region: { name: "eu" }, zone: { name: "eu-a" } } },
    },
  ],
  frameworks: [
    {
      id: "F1",
      name: "marathon",
      user: "root",
      tasks: [task("web.1"), task("web.2", { user: "ada" }), task("db.1", { slave_id: "S1" })],
      completed_tasks: [task("old.1", { state: "TASK_FINISHED" })],
    },
  ],
}

const RUNS = (id: string) => `/frameworks/F1/executors/${id}/runs/latest`

/** Files of an agent by path, served as an agent serves them. */
function agentRoutes(files: Readonly<Record<string, string>>, base = "/agent/S1"): FakeRoutes {
  const missing = () => new Response("", { status: 404 })
  return {
    "GET /mesos/state": STATE,
    [`GET ${base}/files/read`]: ({ query }: FakeCall) => {
      const text = files[query["path"] ?? ""]
      if (text === undefined) return missing()
      if (query["offset"] === undefined) return { data: "", offset: text.length }
      const offset = Number(query["offset"])
      return { data: text.slice(offset, offset + Number(query["length"])), offset }
    },
    [`GET ${base}/files/browse`]: ({ query }: FakeCall) => {
      const folder = `${query["path"]}/`
      const below = Object.keys(files).filter((path) => path.startsWith(folder))
      if (below.length === 0) return missing()
      const names = [...new Set(below.map((path) => path.slice(folder.length).split("/")[0]))]
      return names.map((name) => {
        const text = files[`${folder}${name}`]
        const mode = text === undefined ? "drwxr-xr-x" : "-rw-r--r--"
        return {
          path: `${folder}${name}`,
          size: text?.length ?? 4096,
          nlink: 1,
          mtime: 1704207845,
          mode,
          uid: "root",
          gid: "root",
        }
      })
    },
    [`GET ${base}/files/download`]: ({ query }: FakeCall) =>
      new Response(files[query["path"] ?? ""]),
  }
}

const LINES = Array.from({ length: 30 }, (_, i) => `line ${i + 1}\n`).join("")
const FILES = {
  [`${RUNS("web.1")}/stdout`]: LINES,
  [`${RUNS("web.1")}/stderr`]: "oops",
  [`${RUNS("web.1")}/conf/a.json`]: "{}",
  [`${RUNS("web.2")}/stdout`]: "two\n",
  [`${RUNS("old.1")}/stdout`]: "done\n",
}

const dcos = (line: string, more: MemoryRunOptions = {}) =>
  runInMemory(table, line, { routes: agentRoutes(FILES), ...more })

describe("dcos task list", () => {
  test("shows what runs, in the master's order", async () => {
    expect((await dcos("task list")).out).toMatchInlineSnapshot(`
      "  NAME     HOST     USER     STATE       ID    AGENT ID  REGION  ZONE  
        web   a1.example  root  TASK_RUNNING  web.1  S1        eu      eu-a  
        web   a1.example  ada   TASK_RUNNING  web.2  S1        eu      eu-a  
        db    a1.example  root  TASK_RUNNING  db.1   S1        eu      eu-a  
      "
    `)
  })

  test("prints the same as JSON", async () => {
    const tasks = JSON.parse((await dcos("task list --json")).out) as { id: string }[]
    expect(tasks.map(({ id }) => id)).toEqual(["web.1", "web.2", "db.1"])
    expect(tasks[0]).toEqual({
      executor_id: "",
      framework_id: "F1",
      id: "web.1",
      labels: [],
      name: "web",
      resources: { cpus: 0.1 },
      slave_id: "S1",
      state: "TASK_RUNNING",
      statuses: [],
    } as never)
  })

  test.each([
    ["task list web -q", "web.1\nweb.2\n"],
    ["task list w?b.* -q", "web.1\nweb.2\n"],
    ["task list --completed -q", "old.1\n"],
    ["task list --all .1 -q", "web.1\ndb.1\nold.1\n"],
    ["tasks -q db", "db.1\n"],
    ["task --quiet db", "db.1\n"],
  ])("`%s` prints %j", async (line, out) => {
    expect(await dcos(line)).toMatchObject({ code: 0, out })
  })

  test("the bare word says that it is the old way", async () => {
    expect((await dcos("task db")).errors).toContain("Please use `dcos task list`.")
  })

  test.each([
    ["task list nope", "no task ID found containing 'nope'"],
    ["task list --agent-id=S9", "no task found in agent 'S9'"],
    ["task list web --agent-id=S9", "no task ID found containing 'web' in agent 'S9'"],
    ["task list --all --completed", "cannot accept both options --all and --completed"],
  ])("`%s` fails", async (line, message) => {
    expect(await dcos(line)).toMatchObject({ code: 1, errors: `Error: ${message}\n` })
  })

  test("an empty list is no error without filter, nor as JSON", async () => {
    const routes = { "GET /mesos/state": {} }
    expect(await dcos("task list", { routes })).toMatchObject({ code: 0 })
    expect(await dcos("task list nothing --json", { routes })).toMatchObject({
      code: 0,
      out: "[]\n",
    })
  })
})

describe("dcos task log", () => {
  test.each([
    ["task log web.1", LINES.split("\n").slice(20).join("\n")],
    ["task log web.1 --lines=2", "line 29\nline 30\n"],
    ["task log web.1 --lines=-1", "line 30\n"],
    ["task log web.1 stderr", "oops"],
    ["task log --completed old", "done\n"],
  ])("`%s` prints the last lines", async (line, out) => {
    expect(await dcos(line)).toMatchObject({ code: 0, out })
  })

  test("prints several tasks each under its id", async () => {
    const { out } = await dcos("task log web --lines=1")
    expect(out).toBe("===> web.1 <===\nline 30\n===> web.2 <===\ntwo\n")
  })

  test.each([
    ["task log nope", "no task ID found containing 'nope'"],
    ["task log web.1 nofile", "no logs found"],
  ])("`%s` fails", async (line, message) => {
    const { code, errors } = await dcos(line)
    expect(code).toBe(1)
    expect(errors).toEndWith(`Error: ${message}\n`)
  })

  test("follows until the task has ended, its last words included", async () => {
    const files: Record<string, string> = { [`${RUNS("web.1")}/stdout`]: "first\n" }
    const routes = agentRoutes(files)
    let states = 0
    const ended = {
      ...STATE,
      frameworks: [{ ...STATE.frameworks[0], tasks: [], completed_tasks: [task("web.1")] }],
    }
    const read = routes["GET /agent/S1/files/read"] as (call: FakeCall) => unknown
    let reads = 0
    const { code, out, errors } = await dcos("task log --follow web.1", {
      routes: {
        ...routes,
        "GET /mesos/state": () => (states++ === 0 ? STATE : ended),
        "GET /agent/S1/files/read": (call: FakeCall) => {
          if (++reads === 4) files[`${RUNS("web.1")}/stdout`] += "second\n"
          return read(call)
        },
      },
    })
    expect({ code, out }).toEqual({ code: 0, out: "first\nsecond\n" })
    expect(errors).toBe("Task 'web.1' has ended.\n")
  })

  test("asks agents at their own addresses where the master's is set", async () => {
    const env = { DCOS_URL: "", DCOS_MESOS_MASTER_URL: "http://10.0.2.1:5051" }
    const urls: string[] = []
    await dcos("task log web.2", {
      env,
      fetch: async (url) => {
        urls.push(url)
        return Response.json(url.endsWith("/state") ? STATE : { data: "", offset: 0 })
      },
    })
    expect(urls[1]).toBe(
      `http://10.0.2.1:5051/files/read?path=${encodeURIComponent(`${RUNS("web.2")}/stdout`)}`,
    )
  })
})

describe("dcos task ls", () => {
  test("names the files on one line", async () => {
    expect((await dcos("task ls web.1")).out).toBe("stdout  stderr  conf\n")
    expect((await dcos("task ls web.1 ./conf/")).out).toBe("a.json\n")
  })

  test("tells everything about them", async () => {
    expect((await dcos("task ls --long web.1")).out).toMatchInlineSnapshot(`
      "     MODE     LINKS  UID   GID   SIZE         DATE           NAME   
        -rw-r--r--      1  root  root   231  02 Jan 24 15:04 UTC  stdout  
        -rw-r--r--      1  root  root     4  02 Jan 24 15:04 UTC  stderr  
        drwxr-xr-x      1  root  root  4096  02 Jan 24 15:04 UTC  conf    
      "
    `)
  })

  test("fails where there is nothing", async () => {
    expect((await dcos("task ls web.1 nope")).errors).toBe(
      "Error: cannot access 'nope': no such file or directory\n",
    )
  })
})

describe("dcos task download", () => {
  test.each([
    ["task download web.1", ["./stdout", "./stderr", "./conf/a.json"]],
    ["task download web.1 conf --target-dir=/t", ["/t/conf/a.json"]],
    ["task download web.1 std* --target-dir=/t", ["/t/stdout", "/t/stderr"]],
  ])("`%s` writes %j", async (line, paths) => {
    const { code, disk } = await dcos(line)
    expect(code).toBe(0)
    expect([...disk.keys()]).toEqual(paths)
    expect(disk.get("/t/stdout") ?? LINES).toBe(LINES)
  })

  test.each([
    ["task download web", "found more than one task with the same name: [web.1 web.2]"],
    ["task download web.1 nope", "no file or directory matched 'nope'"],
  ])("`%s` fails", async (line, message) => {
    expect((await dcos(line)).errors).toBe(`Error: ${message}\n`)
  })
})
