export { Agent } from "./core/agent.ts"
export { API_VERSION, CAPABILITIES } from "./core/introduction.ts"
export { imageRoots } from "./core/paths.ts"
export { AGENT_PREFIX } from "./core/checkpoint.ts"
export type {
  AgentEffect,
  AgentIdentity,
  AgentInput,
  AgentLimits,
  AgentOptions,
  ProbeRequest,
  SandboxLink,
  StoreEntry,
} from "./core/types.ts"
export type { ReconfigurationPolicy } from "./core/compatibility.ts"
export { DEFAULT_LIMITS } from "./core/types.ts"
export { AgentDriver, type AgentDriverOptions, type MasterLink } from "./driver.ts"
export { createAgentApi } from "./http.ts"
export { showsToken } from "./http/executor.ts"
export type { AgentHttpOptions, BuildInfo } from "./http/ports.ts"
export { chooseGpus } from "./gpu-choice.ts"
export { agentResources, detectResources, type NodeFacts } from "./resources.ts"
export type { DiskWatchOptions } from "./disk-watch.ts"
export type { PortWatchOptions } from "./port-watch.ts"
