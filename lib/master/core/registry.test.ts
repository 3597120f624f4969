import { expect, test } from "bun:test"
import type { AgentId } from "#lib/mesos/index.ts"
import { agentKey, encodeAgent, parseAgent, type StoredAgent } from "./registry.ts"

const agent: StoredAgent = {
  id: "M-S0" as AgentId,
  info: { hostname: "a1" },
  version: "1.12.0",
  capabilities: ["MULTI_ROLE"],
}
const key = agentKey(agent.id)
const stored = (over: object = {}): unknown =>
  JSON.parse(JSON.stringify({ ...(encodeAgent(agent) as object), ...over }))

test("an agent comes back as it was stored", () => {
  expect(parseAgent(key, stored())).toEqual({ ok: true, value: agent })
  const gone = { ...agent, unreachableAt: 7 }
  expect(parseAgent(key, JSON.parse(JSON.stringify(encodeAgent(gone))))).toMatchObject({
    value: gone,
  })
})

test.each([
  ["nothing", null, "it is not an object"],
  ["a text", "x", "it is not an object"],
  ["no schema", { ...agent }, "it has no schema version"],
  ["a newer schema", stored({ schema: 2 }), "schema 2 is newer than 1; upgrade dcos"],
  ["another's id", stored({ id: "M-S1" }), "its id is wrong"],
  ["no hostname", stored({ info: {} }), "it has no hostname"],
  ["no info", stored({ info: null }), "it has no hostname"],
  ["no capabilities", stored({ capabilities: undefined }), "it has no capabilities"],
  ["no version", stored({ version: undefined }), "it has no version"],
])("%s is refused, naming the key and the remedy", (_name, value, problem) => {
  const result = parseAgent(key, value)
  expect(result).toMatchObject({ ok: false, error: { code: "unreadable", key } })
  if (!result.ok)
    expect(result.error.message).toBe(
      `The stored agent /agents/M-S0 is unreadable: ${problem}. Restore the state from a backup.`,
    )
})
