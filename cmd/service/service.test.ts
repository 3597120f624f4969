import { describe, expect, test } from "bun:test"
import { runInMemory, type MemoryRunOptions } from "#lib/cli/memory-terminal.ts"
import { table } from "../table.ts"

const FRAMEWORKS = [
  {
    id: "F1",
    name: "marathon",
    hostname: "m1",
    active: true,
    tasks: [{}, {}],
    used_resources: { cpus: 1.25, mem: 160, disk: 0 },
  },
  { id: "F2", name: "kafka", hostname: "m1", active: false },
]
const STATE = { frameworks: FRAMEWORKS, completed_frameworks: [{ id: "F0", name: "spark" }] }

const service = (line: string, more: MemoryRunOptions = {}) =>
  runInMemory(table, `service ${line}`, {
    routes: { "GET /mesos/state": STATE, "POST /mesos/api/v1": "" },
    ...more,
  })

describe("dcos service list", () => {
  test("shows active services", async () => {
    expect((await service("list")).out).toMatchInlineSnapshot(`
      "    NAME    HOST  ACTIVE  TASKS  CPU   MEM   DISK  ID  
        marathon  m1    True        2  1.3  160.0   0.0  F1  
      "
    `)
    expect(JSON.parse((await service("list --json")).out)).toEqual([FRAMEWORKS[0]])
  })

  test.each([
    ["list -q", "marathon\n"],
    ["list --inactive -q", "marathon\nkafka\n"],
    ["list --completed -q", "marathon\nspark\n"],
    ["list --id-only", "F1\n"],
  ])("`%s` prints %j", async (line, out) => {
    expect((await service(line)).out).toBe(out)
  })

  test("an empty list is an array", async () => {
    expect((await service("list --json", { routes: { "GET /mesos/state": {} } })).out).toBe("[]\n")
  })

  test("the bare word is the old way", async () => {
    const { out, errors } = await service("-q")
    expect(out).toBe("marathon\n")
    expect(errors).toContain("`dcos service` is deprecated")
  })
})

describe("dcos service shutdown", () => {
  test.each([
    ["shutdown F1 --yes", ""],
    ["shutdown marathon", "yes\n"],
  ])("`%s` tears the framework down", async (line, input) => {
    const { code, calls } = await service(line, { input })
    expect(code).toBe(0)
    expect(calls.at(-1)?.body).toEqual({
      type: "TEARDOWN",
      teardown: { framework_id: { value: "F1" } },
    })
  })

  test("does nothing without a yes", async () => {
    const { code, out, errors, calls } = await service("shutdown F1")
    expect(code).toBe(1)
    expect(out).toBe("Do you really want to teardown marathon with all its tasks? [yes/no] ")
    expect(errors).toBe("Error: couldn't get confirmation\n")
    expect(calls).toHaveLength(1)
  })

  test("names what is not there", async () => {
    expect((await service("shutdown x")).errors).toBe("Error: there is no service 'x'\n")
  })
})

test("dcos service log says that it is not there yet", async () => {
  expect((await service("log marathon --follow")).errors).toBe(
    "Error: `dcos service log` is not available in this version of dcos\n",
  )
})
