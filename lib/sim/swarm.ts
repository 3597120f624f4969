import type { Random } from "#lib/std/random.ts"

/**
 * Which faults a run has and how often they come. Each is off in about half of all runs: a fault that
 * is always there hides what happens without it. Mean intervals are in milliseconds of virtual time,
 * probabilities in [0, 1]; 0 is off in both.
 */
export type Swarm = {
  /** Mean time between two crashes of the process. */
  readonly masterCrashMs: number
  readonly agentCrashMs: number
  readonly frameworkCrashMs: number
  /** Mean time between two reboots of one node: its containers end with it. */
  readonly nodeRebootMs: number
  /** Longest time until a dead process starts again. */
  readonly downMaxMs: number
  /** Probability that a process dies at one crash point: before or after a commit, at an effect. */
  readonly crashPoint: number
  /** Longest time that a commit takes; 0 means that it is done at once. */
  readonly commitMaxMs: number
  readonly commitFailure: number
  /** Furthest that a clock jumps at a restart, either way. */
  readonly clockJumpMs: number
  /** Furthest that the rate of a clock is from 1. */
  readonly clockDrift: number
  readonly latencyMinMs: number
  readonly latencyMaxMs: number
  /** Probability that a frame takes up to `delayMaxMs`, holding up what follows it. */
  readonly delay: number
  readonly delayMaxMs: number
  readonly duplicate: number
  readonly reorder: number
  /** Mean time between two breaks of one link. */
  readonly linkBreakMs: number
  /** Probability that only one end notices that a link broke. */
  readonly halfOpen: number
  /** Mean time between two partitions of one node. */
  readonly partitionMs: number
  readonly partitionMaxMs: number
  /** Mean time between two breaks of one scheduler stream. */
  readonly streamBreakMs: number
  /** Probability that a call of a scheduler, or the answer to it, is lost. */
  readonly lostCall: number
  readonly launchFailure: number
  readonly ignoreTerm: number
  /** Mean life of a task's container when it is not killed; 0 means that it runs for ever. */
  readonly taskLifeMs: number
  /** Whether frameworks sometimes use an offer twice, which the master must refuse. */
  readonly reuseOffers: boolean
  /** Mean time until an app's process fails; 0 is never. */
  readonly appFailureMs: number
  /** Mean time between two things that Marathon's users do. */
  readonly userMs: number
  /** Whether Marathon has a process of its own instead of being in the master's. */
  readonly marathonApart: boolean
  /** Whether pings come every second instead of every fifteen. */
  readonly quickPings: boolean
  /** Mean time between two calls of an operator; 0 is never. */
  readonly operatorMs: number
  /** Whether frameworks bring executors of their own, too. */
  readonly customExecutors: boolean
  /** Mean time until a container's memory is used up; 0 is never. */
  readonly outOfMemoryMs: number
  /** Probability that nobody knows how a container ended: its supervisor was killed too. */
  readonly lostExit: number
  /** Longest time until the end of a container is told. */
  readonly lateExitMs: number
  /** Probability that a container cannot be given other limits. */
  readonly resizeFailure: number
  /** Probability that the runtime does not answer: Docker's daemon is away. */
  readonly runtimeAway: number
  /** Probability that files come slowly: a launch waits for them longer than it may. */
  readonly slowFetch: number
}

/** No faults at all. */
export const CALM: Swarm = {
  masterCrashMs: 0,
  agentCrashMs: 0,
  frameworkCrashMs: 0,
  nodeRebootMs: 0,
  downMaxMs: 5_000,
  crashPoint: 0,
  commitMaxMs: 0,
  commitFailure: 0,
  clockJumpMs: 0,
  clockDrift: 0,
  latencyMinMs: 0,
  latencyMaxMs: 2,
  delay: 0,
  delayMaxMs: 0,
  duplicate: 0,
  reorder: 0,
  linkBreakMs: 0,
  halfOpen: 0,
  partitionMs: 0,
  partitionMaxMs: 0,
  streamBreakMs: 0,
  lostCall: 0,
  launchFailure: 0,
  ignoreTerm: 0,
  taskLifeMs: 60_000,
  reuseOffers: false,
  appFailureMs: 0,
  userMs: 12_000,
  marathonApart: false,
  quickPings: false,
  operatorMs: 0,
  customExecutors: false,
  outOfMemoryMs: 0,
  lostExit: 0,
  lateExitMs: 100,
  resizeFailure: 0,
  runtimeAway: 0,
  slowFetch: 0,
}

const MINUTE_MS = 60_000

/** Draws the faults of a run. */
export function drawSwarm(random: Random): Swarm {
  const some = <T>(low: T, values: readonly [T, ...T[]]): T =>
    random.chance(0.5) ? random.pick(values) : low
  return {
    masterCrashMs: some(0, [MINUTE_MS, 3 * MINUTE_MS, 8 * MINUTE_MS]),
    agentCrashMs: some(0, [20_000, MINUTE_MS, 5 * MINUTE_MS]),
    frameworkCrashMs: some(0, [MINUTE_MS, 5 * MINUTE_MS]),
    nodeRebootMs: some(0, [4 * MINUTE_MS, 15 * MINUTE_MS]),
    downMaxMs: random.pick([100, 5_000, 2 * MINUTE_MS]),
    crashPoint: some(0, [0.0005, 0.005, 0.03]),
    commitMaxMs: some(0, [5, 100, 2_000]),
    commitFailure: some(0, [0.0005, 0.005]),
    clockJumpMs: some(0, [1_000, 10 * MINUTE_MS, 24 * 60 * MINUTE_MS]),
    clockDrift: some(0, [0.0001, 0.01]),
    latencyMinMs: random.pick([0, 1, 20]),
    latencyMaxMs: random.pick([2, 50, 500]),
    delay: some(0, [0.001, 0.02]),
    delayMaxMs: random.pick([1_000, 10_000, MINUTE_MS]),
    duplicate: some(0, [0.005, 0.1]),
    reorder: some(0, [0.005, 0.1]),
    linkBreakMs: some(0, [30_000, 3 * MINUTE_MS]),
    halfOpen: some(0, [0.3, 1]),
    partitionMs: some(0, [MINUTE_MS, 5 * MINUTE_MS]),
    partitionMaxMs: random.pick([5_000, MINUTE_MS, 5 * MINUTE_MS]),
    streamBreakMs: some(0, [30_000, 3 * MINUTE_MS]),
    lostCall: some(0, [0.005, 0.05]),
    launchFailure: some(0, [0.02, 0.2]),
    ignoreTerm: some(0, [0.1, 0.5]),
    taskLifeMs: random.pick([5_000, MINUTE_MS, 10 * MINUTE_MS]),
    reuseOffers: random.chance(0.3),
    appFailureMs: some(0, [MINUTE_MS, 10 * MINUTE_MS]),
    userMs: random.pick([4_000, 12_000, 30_000]),
    marathonApart: random.chance(0.3),
    quickPings: random.chance(0.5),
    operatorMs: some(0, [5_000, 20_000]),
    customExecutors: random.chance(0.5),
    outOfMemoryMs: some(0, [MINUTE_MS, 10 * MINUTE_MS]),
    lostExit: some(0, [0.01, 0.2]),
    lateExitMs: random.pick([100, 5_000, MINUTE_MS]),
    resizeFailure: some(0, [0.02, 0.3]),
    runtimeAway: some(0, [0.02, 0.3]),
    slowFetch: some(0, [0.02, 0.2]),
  }
}
