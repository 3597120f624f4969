export { MARKS, type Mark } from "./marks.ts"
export type { Violation } from "./monitor.ts"
export { simulate, type Report, type SimulationOptions } from "./simulate.ts"
export { CALM, type Swarm } from "./swarm.ts"
export type { ReceiveFrame, Seams } from "./world.ts"
export {
  boundariesOf,
  recordCourse,
  runAcross,
  type Boundary,
  type BoundaryFailure,
  type Course,
  type Script,
  type Step,
} from "./boundaries.ts"
export type { Rig } from "./rig.ts"
