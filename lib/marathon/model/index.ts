export type * from "./app.ts"
export type { AppFields, AppPatch } from "./app-patch.ts"
export { buildApp } from "./build.ts"
export type { BuildContext } from "./build.ts"
export type { Constraint, ConstraintOperator } from "./constraint.ts"
export type * from "./container.ts"
export { encodeApp } from "./encode-app.ts"
export type { Encoded } from "./encode-app.ts"
export type { GroupChange, GroupContent } from "./group.ts"
export type * from "./health.ts"
export { isAgentRun } from "./health.ts"
export { countPorts, portNames } from "./health-ports.ts"
export { parseLabelSelector } from "./label-selector.ts"
export type { LabelSelector } from "./label-selector.ts"
export { badTimestamp, parseApp } from "./parse-app.ts"
export type { ParseAppOptions } from "./parse-app.ts"
export { parseGroup } from "./parse-group.ts"
export type { ParseGroupOptions } from "./parse-group.ts"
export {
  ancestorsOf,
  isBelow,
  parentOf,
  pathIdProblem,
  resolvePathId,
  ROOT,
  segmentsOf,
  topSegment,
} from "./path-id.ts"
export type { PathId } from "./path-id.ts"
export { list, object, Problems, required, text } from "./reader.ts"
export type { PathProblem, Rejection } from "./rejection.ts"
export { isResident, SINGLE_INSTANCE_LABEL } from "./resident.ts"
export { DEFAULT_RULES } from "./rules.ts"
export type { Feature, ModelRules } from "./rules.ts"
export { formatTimestamp, parseTimestamp, parseTimestampMs } from "./timestamp.ts"
export type { Timestamp } from "./timestamp.ts"
