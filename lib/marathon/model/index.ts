export type * from "./app.ts"
export type { AppFields, AppPatch } from "./app-patch.ts"
export type { Constraint, ConstraintOperator } from "./constraint.ts"
export type * from "./container.ts"
export type { GroupChange, GroupContent } from "./group.ts"
export type * from "./health.ts"
export { isAgentRun } from "./health.ts"
export {
  ancestorsOf,
  isBelow,
  lastSegment,
  parentOf,
  pathIdProblem,
  resolvePathId,
  ROOT,
  segmentsOf,
  topSegment,
} from "./path-id.ts"
export type { PathId } from "./path-id.ts"
export type { PathProblem, Rejection } from "./rejection.ts"
export { DEFAULT_RULES } from "./rules.ts"
export type { Feature, ModelRules } from "./rules.ts"
export { formatTimestamp, parseTimestamp, parseTimestampMs } from "./timestamp.ts"
export type { Timestamp } from "./timestamp.ts"
export type { BuildApp, BuildContext } from "./build.ts"
