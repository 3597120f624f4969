import { describe, expect, test } from "bun:test"
import { runInMemory } from "#lib/cli/memory-terminal.ts"
import { table } from "../table.ts"

const AGENTS = [
  {
    id: "S0",
    hostname: "a1",
    pid: "slave(1)@10.0.2.1:5051",
    attributes: { public_ip: "true", rack: "r7" },
    domain: { fault_domain: { region: { name: "eu" }, zone: { name: "eu-a" } } },
  },
  { id: "S1", hostname: "a2", pid: "slave(1)@10.0.2.2:5051", deactivated: true },
  {
    id: "S2",
    hostname: "a3",
    pid: "slave(1)@10.0.2.3:5051",
    deactivated: true,
    drain_info: { state: "DRAINING" },
  },
]

const ROUTES = {
  "GET /mesos/state": {
    id: "M1",
    hostname: "m1",
    pid: "master@10.0.1.1:5050",
    leader: "master@10.0.1.1:5050",
  },
  "GET /mesos/state-summary": { slaves: AGENTS },
  "GET /mesos_dns/v1/hosts/master.mesos": [
    { host: "master.mesos.", ip: "10.0.1.1" },
    { host: "master.mesos.", ip: "10.0.1.2" },
  ],
  "GET /net/v1/nodes": [{ private_ip: "10.0.2.1", public_ips: ["8.8.8.8"] }],
}

const node = (line: string, routes: Record<string, unknown> = ROUTES) =>
  runInMemory(table, `node ${line}`, { routes })

describe("dcos node list", () => {
  test("shows agents, then masters", async () => {
    expect((await node("list")).out).toMatchInlineSnapshot(`
      "    HOSTNAME        IP     PUBLIC IP(S)  ID         TYPE          STATUS     REGION  ZONE  
        a1             10.0.2.1  8.8.8.8       S0   agent (public)    ACTIVE       eu      eu-a  
        a2             10.0.2.2                S1   agent             DEACTIVATED                
        a3             10.0.2.3                S2   agent             DRAINING                   
        master.mesos.  10.0.1.1                M1   master (leader)                              
        master.mesos.  10.0.1.2                N/A  master (standby)                       N/A   
      "
    `)
  })

  test("prints the same as JSON", async () => {
    const nodes = JSON.parse((await node("list --json")).out) as object[]
    expect(nodes).toHaveLength(5)
    expect(nodes[0]).toMatchObject({
      ...AGENTS[0]!,
      type: "agent",
      public_ips: ["8.8.8.8"],
      status: "ACTIVE",
    })
    expect(nodes[3]).toMatchObject({
      host: "master.mesos.",
      ip: "10.0.1.1",
      type: "master (leader)",
      id: "M1",
    })
  })

  test("adds the fields that are asked for", async () => {
    const { out } = await node("list --mesos-id=S0 --field=attributes.rack")
    expect(out).toContain("ATTRIBUTES RACK")
    expect(out.split("\n")[1]?.trimEnd()).toEndWith("  r7")
  })

  test("knows the leader where neither names nor public addresses are served", async () => {
    const { "GET /mesos/state": state, "GET /mesos/state-summary": summary } = ROUTES
    const { out } = await node("list", {
      "GET /mesos/state": state,
      "GET /mesos/state-summary": summary,
    })
    expect(out.split("\n")[4]?.trim().split(/\s+/)).toEqual([
      "m1",
      "10.0.1.1",
      "M1",
      "master",
      "(leader)",
    ])
  })

  test("the bare word is the old way", async () => {
    const { errors, out } = await node("--json")
    expect(JSON.parse(out)).toHaveLength(5)
    expect(errors).toBe(
      "Getting the list of nodes from `dcos node` is deprecated. Please use `dcos node list`.\n",
    )
  })
})

test("dcos node dns", async () => {
  expect((await node("dns master.mesos")).out).toContain("master.mesos.  10.0.1.2")
  expect((await node("dns nope")).errors).toBe("Error: there is no host 'nope'\n")
})

describe("an agent's life", () => {
  const drained = { ...AGENTS[2]!, drain_info: { state: "DRAINED" } }

  const run = (line: string, summaries: readonly object[] = []) => {
    let polls = 0
    return node(line, {
      ...ROUTES,
      "POST /mesos/api/v1": new Response("", { status: 200 }),
      "GET /mesos/state-summary": () => summaries[Math.min(polls++, summaries.length - 1)],
    })
  }

  test.each([
    [
      "deactivate S1",
      { type: "DEACTIVATE_AGENT", deactivate_agent: { agent_id: { value: "S1" } } },
    ],
    [
      "reactivate S1",
      { type: "REACTIVATE_AGENT", reactivate_agent: { agent_id: { value: "S1" } } },
    ],
    [
      "decommission S1",
      { type: "MARK_AGENT_GONE", mark_agent_gone: { agent_id: { value: "S1" } } },
    ],
    [
      "drain S1 --max-grace-period 5m --decommission",
      {
        type: "DRAIN_AGENT",
        drain_agent: {
          agent_id: { value: "S1" },
          max_grace_period: { seconds: 300, nanos: 0 },
          mark_gone: true,
        },
      },
    ],
    [
      "drain S1",
      { type: "DRAIN_AGENT", drain_agent: { agent_id: { value: "S1" }, mark_gone: false } },
    ],
  ])("%s asks the master, and says nothing", async (line, body) => {
    const { code, out, calls } = await run(line)
    expect({ code, out }).toEqual({ code: 0, out: "" })
    expect(calls.map((call) => call.body)).toEqual([body])
  })

  test("drain --wait waits until the agent is drained", async () => {
    const { out, calls } = await run("drain S2 --wait", [{ slaves: AGENTS }, { slaves: [drained] }])
    expect(out).toBe("Waiting for the agent to be drained...\n")
    expect(calls).toHaveLength(3)
  })

  test("drain --wait --decommission waits until the agent is gone", async () => {
    const { code, calls } = await run("drain S2 --wait --decommission", [
      { slaves: [drained] },
      { slaves: [] },
    ])
    expect(code).toBe(0)
    expect(calls).toHaveLength(3)
  })

  test("a grace period must be a duration", async () => {
    expect((await run("drain S2 --max-grace-period soon")).errors).toContain(
      "--max-grace-period soon: write a duration",
    )
  })
})
