import { startAgent, type AgentRoleOptions } from "./agent.ts"
import { startMaster, type MasterRoleOptions } from "./master.ts"
import type { Running } from "./process.ts"

/** A developer's cluster: what its master and its one agent are started with. */
export type UpOptions = { readonly master: MasterRoleOptions; readonly agent: AgentRoleOptions }

/** Starts a master and an agent in this process, linked in memory. */
export async function startUp(options: UpOptions): Promise<Running> {
  const master = await startMaster(options.master)
  try {
    const agent = await startAgent(options.agent, master.connectLocal)
    return {
      addresses: { ...master.addresses, ...agent.addresses },
      failed: Promise.race([master.failed, agent.failed]),
      stop: async () => {
        await agent.stop()
        await master.stop()
      },
    }
  } catch (cause) {
    await master.stop()
    throw cause
  }
}
