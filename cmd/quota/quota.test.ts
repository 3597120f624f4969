import { describe, expect, test } from "bun:test"
import { runInMemory } from "#lib/cli/memory-terminal.ts"
import { table } from "../table.ts"

const ROUTES = {
  "GET /mesos/roles": {
    roles: [
      { name: "*", quota: { role: "*", consumed: {}, guarantee: {}, limit: {} } },
      {
        name: "dev",
        quota: {
          role: "dev",
          consumed: { cpus: 1, mem: 512 },
          guarantee: {},
          limit: { cpus: 10, mem: 2048 },
        },
      },
      { name: "spark", quota: { role: "spark", consumed: {}, guarantee: {}, limit: { cpus: 2 } } },
    ],
  },
  "GET /service/marathon/v2/groups": { id: "/", groups: [{ id: "/dev" }, { id: "/prod" }] },
  "POST /mesos/api/v1": new Response("", { status: 200 }),
}

const quota = (line: string, routes: Record<string, unknown> = ROUTES) =>
  runInMemory(table, `quota ${line}`, { routes })

const written = async (line: string) => {
  const run = await quota(line)
  expect(run).toMatchObject({ code: 0, out: "" })
  return run.calls.at(-1)?.body
}

describe("dcos quota", () => {
  test("list shows the quotas of groups", async () => {
    expect((await quota("list")).out).toMatchInlineSnapshot(`
      "  NAME       CPU CONSUMED            MEMORY CONSUMED       DISK CONSUMED  GPU CONSUMED  
        dev   10.00% (1 of 10 Cores)  25.00% (0.5 GiB of 2 GiB)  No limit       No limit      
      "
    `)
    expect((await quota("list --json")).out).toContain('"role": "dev"')
  })

  test("list --json says null when there is none", async () => {
    const { out } = await quota("list --json", { ...ROUTES, "GET /mesos/roles": { roles: [] } })
    expect(out.trim()).toBe("null")
  })

  test("get shows each resource", async () => {
    expect((await quota("get dev")).out).toMatchInlineSnapshot(`
      "  RESOURCE  CONSUMPTION   LIMIT    
        cpus           10.00%        10  
        disk      0 GiB        No limit  
        gpus                0  No limit  
        mem            25.00%  2 GiB     
      "
    `)
  })

  test("create, update and delete call the operator API", async () => {
    expect(await written("create /prod --cpu 3 --gpu 1 --force")).toEqual({
      type: "UPDATE_QUOTA",
      update_quota: {
        force: true,
        quota_configs: [
          { role: "prod", guarantees: null, limits: { cpus: { value: 3 }, gpus: { value: 1 } } },
        ],
      },
    })
    expect(await written("update dev --cpu 3.5")).toMatchObject({
      update_quota: {
        quota_configs: [{ role: "dev", limits: { cpus: { value: 3.5 }, mem: { value: 2048 } } }],
      },
    })
    expect(await written("delete dev")).toEqual({
      type: "REMOVE_QUOTA",
      remove_quota: { role: "dev" },
    })
  })

  test.each([
    ["create x --cpu 1", "/x is not an existing Marathon group"],
    ["create dev --cpu 1", "dev is an existing quota, use 'dcos quota update'"],
    ["create a/b --cpu 1", "quotas cannot be created for subgroups yet"],
    ["create prod", "at least one limit has to be given"],
    ["create prod --cpu many", "--cpu many: must be an amount"],
    ["update prod --cpu 1", "could not find quota 'prod'"],
    ["delete prod", "could not find quota 'prod'"],
    ["get prod", "could not find quota 'prod'"],
  ])("%s is refused: %s", async (line, message) => {
    const { code, errors } = await quota(line)
    expect(code).toBe(1)
    expect(errors).toContain(message)
  })

  test("shows the master's own words when it refuses", async () => {
    const refusal = new Response("Invalid quota: guarantees over capacity", {
      status: 400,
      headers: { "content-type": "text/plain" },
    })
    const { errors } = await quota("update dev --cpu 1", {
      ...ROUTES,
      "POST /mesos/api/v1": refusal,
    })
    expect(errors).toContain("Invalid quota: guarantees over capacity")
  })
})
