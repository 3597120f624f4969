import { expect, test } from "bun:test"
import type { LinkId } from "#lib/master/index.ts"
import { brandId, type AgentId, type MasterToAgent } from "#lib/mesos/index.ts"
import { AllLinks, type LinkCarrier } from "./agent-links.ts"

const link = (name: string): LinkId => name as LinkId

const registered = (id: string): MasterToAgent => ({
  kind: "registered",
  agentId: brandId<AgentId>(id),
  pingTimeoutMs: 1,
  reconcile: [],
})

function carrier(sent: string[]): LinkCarrier {
  return {
    send: (to, messages) => sent.push(`${to} ${messages.map(({ kind }) => kind).join()}`),
    close: (to, reason) => sent.push(`${to} closed: ${reason}`),
    fetch: async (to) => new Response(to),
  }
}

test("sends by the carrier that opened the link", () => {
  const links = new AllLinks()
  const a: string[] = []
  const b: string[] = []
  links.opened("l1", carrier(a))
  links.opened("l2", carrier(b))
  links.send(link("l1"), [{ kind: "ping", sequence: 1 }])
  links.close(link("l2"), "gone")
  links.send(link("l3"), [{ kind: "ping", sequence: 1 }])
  expect([a, b]).toEqual([["l1 ping"], ["l2 closed: gone"]])
})

test("reaches an agent by the link that it registered on last", async () => {
  const links = new AllLinks()
  for (const name of ["l1", "l2"]) links.opened(name, carrier([]))
  expect(links.fetch("a-S0", new Request("http://x/"))).toBeUndefined()
  links.send(link("l1"), [registered("a-S0")])
  links.send(link("l2"), [registered("a-S0")])
  links.closed("l1")
  const answer = await links.fetch("a-S0", new Request("http://x/"))
  expect(await answer?.text()).toBe("l2")
  links.closed("l2")
  expect(links.fetch("a-S0", new Request("http://x/"))).toBeUndefined()
})
