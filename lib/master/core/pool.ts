import { NO_RESOURCES, type Resources } from "#lib/mesos/index.ts"
import type { AgentRecord, FrameworkRecord } from "./records.ts"

/** The offers of one ACCEPT while its operations use them up. */
export type Pool = {
  readonly framework: FrameworkRecord
  readonly agent: AgentRecord
  /** The allocation role of the offers. */
  readonly role: string
  /** What is left, as operations changed it; a shared volume stays, whoever uses it. */
  remaining: Resources
}

/** Resources that name no role get the offer's; a wrong one stays for validation to find. */
export const inRole = (resources: Resources | undefined, role: string): Resources =>
  (resources ?? NO_RESOURCES).map((resource) =>
    resource.allocationRole === undefined ? { ...resource, allocationRole: role } : resource,
  )
