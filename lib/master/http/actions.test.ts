import { expect, test } from "bun:test"
import type { AgentId, FrameworkId } from "#lib/mesos/index.ts"
import { ACTIONS, removeQuota, setQuota, setSchedule, setWeights, type Action } from "./actions.ts"

const CPUS = '[{"name":"cpus","type":"SCALAR","scalar":{"value":2},"role":"db"}]'
const cpus = [
  {
    name: "cpus",
    value: { kind: "scalar", milli: 2_000 },
    reservations: [{ type: "STATIC", role: "db" }],
  },
]
const form = (fields: Readonly<Record<string, string>>): string =>
  new URLSearchParams(fields).toString()
const at = (path: string): Action => ACTIONS[path] as Action
const agentId = "S0" as AgentId

test.each([
  [at("/teardown"), "frameworkId=F", { kind: "teardown", frameworkId: "F" as FrameworkId }],
  [
    at("/reserve"),
    form({ slaveId: "S0", resources: CPUS }),
    { kind: "reserveResources", agentId, resources: cpus },
  ],
  [
    at("/reserve"),
    form({ slaveId: "S0", resources: CPUS, source: "[]" }),
    { kind: "reserveResources", agentId, resources: cpus, source: [] },
  ],
  [
    at("/unreserve"),
    form({ slaveId: "S0", resources: CPUS }),
    { kind: "unreserveResources", agentId, resources: cpus },
  ],
  [
    at("/create-volumes"),
    form({ slaveId: "S0", volumes: CPUS }),
    { kind: "createVolumes", agentId, volumes: cpus },
  ],
  [
    at("/destroy-volumes"),
    form({ slaveId: "S0", volumes: CPUS }),
    { kind: "destroyVolumes", agentId, volumes: cpus },
  ],
  [
    at("/machine/down"),
    '[{"hostname":"a1","ip":"10.0.2.1"}]',
    { kind: "startMaintenance", machines: [{ hostname: "a1", ip: "10.0.2.1" }] },
  ],
  [at("/machine/up"), "[]", { kind: "stopMaintenance", machines: [] }],
  [setSchedule, "{}", { kind: "updateMaintenanceSchedule", schedule: {} }],
  [
    setWeights,
    '[{"role":"db","weight":2.5}]',
    { kind: "updateWeights", weightInfos: [{ role: "db", weight: 2.5 }] },
  ],
  [
    setQuota,
    '{"role":"db","force":true}',
    { kind: "setQuota", quotaRequest: { role: "db", force: true } },
  ],
] as const)("%o with %s is the call %j", (action, body, call) => {
  const translated = action.translate(body, "/")
  expect(translated).toMatchObject({ ok: true, value: call as never })
})

test.each(["/quota/eng%2Fweb", "/master/quota/eng%2Fweb"])("DELETE %s names the role", (path) => {
  expect(removeQuota.translate("", path)).toEqual({
    ok: true,
    value: { kind: "removeQuota", role: "eng/web" },
  })
})

test.each(["/quota/", "/quota/%E0%A4%A"])("DELETE %s names no role", (path) => {
  expect(removeQuota.translate("", path).ok).toBe(false)
})

test.each([
  [at("/teardown"), "", "Missing 'frameworkId'"],
  [at("/reserve"), form({ resources: CPUS }), "Missing 'slaveId'"],
  [at("/reserve"), form({ slaveId: "S0" }), "Missing 'resources'"],
  [at("/reserve"), form({ slaveId: "S0", resources: "{}" }), "not an array"],
  [at("/reserve"), form({ slaveId: "S0", resources: "[" }), "Failed to parse 'resources' as JSON"],
  [at("/create-volumes"), form({ slaveId: "S0", volumes: '[{"name":"x"}]' }), "at [0]"],
  [at("/machine/down"), "{", "Failed to parse the request body as JSON"],
  [at("/machine/down"), "{}", "machines"],
  [setWeights, '[{"role":"db"}]', "weight"],
  [setSchedule, '{"windows":[{}]}', "unavailability"],
] as const)("%o refuses %s: %s", (action, body, why) => {
  const translated = action.translate(body, "/")
  expect(translated).toMatchObject({ ok: false, error: expect.stringContaining(why) })
})
