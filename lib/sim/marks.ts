/**
 * Every fault and rare branch that a run may reach. A set of seeds that never reaches one of them says
 * nothing about it, so the tests demand all.
 */
export const MARKS = [
  "crash.master",
  "crash.agent",
  "crash.framework",
  "crash.beforeCommit",
  "crash.afterCommit",
  "crash.midEffects",
  "crash.midLaunch",
  "recovery.agent",
  "recovery.marathon",
  "reboot.node",
  "clock.back",
  "clock.ahead",
  "commit.slow",
  "commit.failed",
  "link.broken",
  "link.refused",
  "link.halfOpen",
  "link.delayed",
  "link.duplicated",
  "link.reordered",
  "partition.both",
  "partition.oneWay",
  "stream.broken",
  "stream.lostCall",
  "stream.lostReply",
  "container.failedLaunch",
  "container.failed",
  "container.ignoredTerm",
  "container.exitedWhileAgentDown",
  "container.outOfMemory",
  "container.lostExit",
  "container.resized",
  "container.failedResize",
  "runtime.away",
  "fetch.slow",
  "fetch.failed",
  "container.recovered",
  "called.launched",
  "called.session",
  "called.ended",
  "executor.started",
  "executor.subscribedAgain",
  "executor.group",
  "executor.killedTask",
  "executor.shutdown",
  "executor.idle",
  "framework.removed",
  "framework.takenOver",
  "operation.reserve",
  "operation.create",
  "operation.used",
  "operation.destroy",
  "operation.unreserve",
  "operation.finished",
  "operation.dropped",
  "operation.reconciled",
  "task.group",
  "task.dropped",
  "task.unreachable",
  "task.foundAgain",
  "task.killed",
  "task.finished",
  "task.failed",
  "offer.rescinded",
  "offer.reused",
  "inverseOffer.accepted",
  "inverseOffer.declined",
  "inverseOffer.rescinded",
  "quota.offered",
  "operator.quota",
  "operator.schedule",
  "operator.deactivate",
  "operator.drain",
  "operator.gone",
  "operator.machineDown",
  "operator.machineUp",
  "agent.turnedAway",
  "node.replaced",
  "task.cameBack",
  "task.goneByOperator",
  "operator.reserve",
  "operator.volume",
  "marathon.apart",
  "marathon.inMaster",
  "user.accepted",
  "user.refused",
  "user.unanswered",
  "user.rollback",
] as const

/** The name of one of them. */
export type Mark = (typeof MARKS)[number]

/** Counts how often each mark was reached. */
export class Marks {
  readonly #counts = new Map<Mark, number>(MARKS.map((mark) => [mark, 0]))

  hit(mark: Mark): void {
    this.#counts.set(mark, (this.#counts.get(mark) ?? 0) + 1)
  }

  /** All marks with their counts, in the order of `MARKS`. */
  counts(): ReadonlyMap<Mark, number> {
    return this.#counts
  }
}
