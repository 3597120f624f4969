export type { Clock, Cancel } from "./clock.ts"
export type { JsonValue, Store, Write } from "./store.ts"
export type { Log, LogFields, LogLevel, LogVerbosity } from "./log.ts"
export type {
  CommandOutcome,
  CommandRequest,
  ContainerExit,
  ContainerFailure,
  ContainerId,
  ContainerMount,
  ContainerOutput,
  ContainerRecovery,
  ContainerRuntime,
  ContainerSpec,
  ContainerStarted,
  ContainerStreams,
  Gpu,
  TerminalSize,
} from "./containers.ts"
export type { ExecutorClaims, ExecutorTokens } from "./executor-tokens.ts"
export type { FetchFailure, FetchRequest, Fetcher } from "./fetcher.ts"
export type {
  ImageConfig,
  ImageFailure,
  ImageLayer,
  ImageRequest,
  ImageRoot,
  ImageStore,
  ImagesPruned,
} from "./images.ts"
export type { DiskMeter } from "./disk-meter.ts"
export type {
  HealthVerdict,
  ProbeLimits,
  ProbeOutcome,
  ProbeTarget,
  Prober,
  TaskProber,
} from "./prober.ts"
export type {
  DiskUsage,
  FileDownload,
  FileEntry,
  FileLocation,
  FileProblem,
  FileSlice,
  Sandboxes,
} from "./sandboxes.ts"
export type {
  PreparedVolumes,
  SecretResolver,
  VolumeOrder,
  VolumeSourceOrder,
  Volumes,
  VolumesFailure,
  VolumesRequest,
} from "./volumes.ts"
