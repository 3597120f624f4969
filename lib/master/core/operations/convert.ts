import { applyConversion, bareConversion, type Conversion } from "#lib/mesos/index.ts"
import { assert } from "#lib/std/assert.ts"
import type { AgentRecord } from "#lib/master/core/records.ts"

/** Converts what the agent has; the allocator is told by the caller, who knows whose it is. */
export function convertTotal(agent: AgentRecord, conversion: Conversion): void {
  const total = applyConversion(agent.total, bareConversion(conversion), "total")
  assert(total.ok, `${agent.id}: converting what it does not have`)
  agent.change({ total: total.value })
}
