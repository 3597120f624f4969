import { expect, test } from "bun:test"
import { renderResources } from "#lib/mesos/index.ts"
import { agentResources, detectResources } from "./resources.ts"

const facts = { cpus: 8, memMib: 16_384, diskMib: 100_000 }

test.each([
  [facts, "cpus:8;disk:94880;mem:15360;ports:[31000-32000]"],
  [{ cpus: 2, memMib: 2_048, diskMib: 10_240 }, "cpus:2;disk:5120;mem:1024;ports:[31000-32000]"],
  [{ cpus: 1, memMib: 1_001, diskMib: 9_999 }, "cpus:1;disk:4999;mem:500;ports:[31000-32000]"],
  [
    { cpus: undefined, memMib: undefined, diskMib: undefined },
    "cpus:1;disk:10240;mem:1024;ports:[31000-32000]",
  ],
])("a node of %j offers %s", (node, text) => {
  expect(renderResources(detectResources(node))).toBe(text)
})

test("what the operator names is not measured, in any role", () => {
  const resources = agentResources("cpus(db):4;ports:[1-2]", facts)
  expect(resources.ok && renderResources(resources.value)).toBe(
    "cpus(db):4;disk:94880;mem:15360;ports:[1-2]",
  )
})

test("a text that says no resources is refused", () => {
  const resources = agentResources("cpus=4", facts)
  expect(resources.ok).toBe(false)
  expect(!resources.ok && resources.error.message).toContain("cpus=4")
})

test("GPUs that were found are offered, in the default role too", () => {
  const resources = agentResources("cpus:4;mem:64;disk:1;ports:[1-2]", { ...facts, gpus: 2 }, "db")
  expect(resources.ok && renderResources(resources.value)).toBe(
    "cpus(db):4;disk(db):1;gpus:2;mem(db):64;ports(db):[1-2]",
  )
})

test.each([
  ['"revocable":{}', "revocable resources are estimated"],
  ['"reservations":[{"type":"DYNAMIC","role":"db"}]', "give a static one as name(role):amount"],
  [
    '"reservations":[{"type":"STATIC","role":"db"}],"disk":{"persistence":{"id":"v"},"volume":{"container_path":"x","mode":"RW"}}',
    "volumes are made by operations",
  ],
])("an agent does not begin with %s", (member, why) => {
  const text = `[{"name":"disk","type":"SCALAR","scalar":{"value":1},${member}}]`
  const resources = agentResources(text, facts)
  expect(!resources.ok && resources.error.message).toContain(why)
})
