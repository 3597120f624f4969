export type {
  AllocationPolicy,
  Allocator,
  AllocatorStats,
  Explanation,
  Grant,
  Refusal,
} from "./core/allocator/allocator.ts"
export { parseMinimum } from "./core/allocator/minimum.ts"
export { Master } from "./core/master.ts"
export { MASTER_STORE_PREFIXES, type RegistryError } from "./core/registry.ts"
export type * from "./core/types.ts"
export { DEFAULT_LIMITS, DEFAULT_TIMINGS } from "./core/types.ts"
export type * from "./core/views.ts"
export {
  MasterDriver,
  type AgentLinks,
  type CallRequest,
  type MasterDriverOptions,
  type SchedulerSink,
  type SubscribeRequest,
} from "./driver.ts"
export { captureState, taskThen, type StateSnapshot } from "./core/state-snapshot.ts"
export type { WatchBeginning, WatchId, WatchSink } from "./watchers.ts"
export type { SchedulerConnection, SchedulerHandler } from "./in-memory-scheduler.ts"
export { createMasterApi } from "./http.ts"
export type {
  BuildInfo,
  Caller,
  Leadership,
  MasterHttpOptions,
  MasterPort,
  PublishedFiles,
} from "./http/ports.ts"
