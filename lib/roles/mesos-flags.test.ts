import { expect, test } from "bun:test"
import { snakeCase } from "#lib/std/daemon-settings.ts"
import { AGENT_SETTINGS } from "./agent-settings.ts"
import { REFUSED_AGENT_FLAGS } from "./mesos-flags.ts"

test("a flag is taken or refused, not both, and every refusal says why", () => {
  const taken = new Set(Object.keys(AGENT_SETTINGS).map(snakeCase))
  for (const [name, why] of Object.entries(REFUSED_AGENT_FLAGS)) {
    expect(taken).not.toContain(name)
    expect(name).toMatch(/^[a-z0-9]+(?:_[a-z0-9]+)*$/)
    expect(why.length).toBeGreaterThan(10)
  }
})
