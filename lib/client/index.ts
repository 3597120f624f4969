export {
  connectCosmos,
  connectMarathon,
  connectMesos,
  connectRouter,
  metadataAt,
  probeCluster,
  type ClientContext,
} from "./connect.ts"
export { CosmosClient } from "./cosmos/client.ts"
export { groupByPackage, type InstalledApps } from "./cosmos/installed.ts"
export type {
  FoundPackage,
  InstalledPackage,
  InstallResult,
  PackageDefinition,
  PackageRequest,
  Repository,
  UninstallResult,
} from "./cosmos/types.ts"
export { ApiError, UnexpectedAnswerError, UnreachableError } from "./errors.ts"
export { Http, type Endpoint, type Fetch, type FetchOptions } from "./http.ts"
export { isObject, type JsonObject } from "./json.ts"
export { absoluteId, findQueued, MarathonClient } from "./marathon/client.ts"
export {
  actionName,
  queueItemId,
  type App,
  type Deployment,
  type DeploymentResult,
  type Group,
  type QueueItem,
  type RejectReason,
  type Task,
  type UnusedOffer,
} from "./marathon/types.ts"
export { MesosClient, sandboxOf } from "./mesos/client.ts"
export { AgentContainers, type ProcessInput, type ProcessOutput } from "./mesos/containers.ts"
export { exitCodeOf, findContainer } from "./mesos/task-container.ts"
export { selectTasks, type ReachableTask } from "./mesos/find.ts"
export { readOn, readTail } from "./mesos/log.ts"
export { placeTasks, type PlacedTask } from "./mesos/tasks.ts"
export type {
  Domain,
  FileEntry,
  MasterState,
  Quantities,
  StateAgent,
  StateFramework,
  StateRole,
  StateTask,
} from "./mesos/types.ts"
export { MetadataClient } from "./metadata/client.ts"
export type { ClusterMetadata, ClusterVersion, HostAddress } from "./metadata/types.ts"
export { QuotaClient, readLimits, type ListedQuota, type QuotaLimits } from "./quota.ts"
export { connectNodes, type ListedNode } from "./nodes.ts"
