import type { AgentView } from "#lib/master/core/views.ts"
import { renderAgent } from "./render-agent.ts"

/** What the text of an agent is made of; each is replaced, not changed, when it is another. */
const partsOf = ({
  info,
  address,
  version,
  capabilities,
  total,
  used,
  active,
  deactivated,
  drain,
  reregisteredAt,
}: AgentView) =>
  [
    info,
    address,
    version,
    capabilities,
    total,
    used,
    active,
    deactivated,
    drain,
    reregisteredAt,
  ] as const

type Known = { readonly parts: ReturnType<typeof partsOf>; readonly text: string }

const known = new WeakMap<AgentView, Known>()

/**
 * The JSON text of `renderAgent` without its closing brace, worked out again only when the agent has
 * changed: of a large cluster most is as it was when somebody last asked. An agent with offers out is
 * not kept, as those come and go.
 */
export function agentText(agent: AgentView): string {
  if (agent.offers.size > 0) return textOf(agent)
  const parts = partsOf(agent)
  const before = known.get(agent)
  if (before !== undefined && before.parts.every((part, index) => part === parts[index]))
    return before.text
  const text = textOf(agent)
  known.set(agent, { parts, text })
  return text
}

const textOf = (agent: AgentView): string => JSON.stringify(renderAgent(agent)).slice(0, -1)
