import type { AgentView } from "#lib/master/core/views.ts"
import { KeptTexts } from "./kept-text.ts"
import { renderAgent } from "./render-agent.ts"

const texts = new KeptTexts<AgentView>(
  ({ revision }) => [revision],
  (agent) => JSON.stringify(renderAgent(agent)),
)

/** The JSON text of `renderAgent`, worked out again only when the agent has changed. */
export const agentText = (agent: AgentView): string => texts.of(agent)
