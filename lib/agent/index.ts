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
export { DEFAULT_LIMITS } from "./core/types.ts"
