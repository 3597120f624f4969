import type { TestWorld } from "./core/test-world.ts"
import { ExecutorStreams } from "./executor-streams.ts"

/** The streams of executors of an agent under test, as its driver would keep them. */
export function testExecutors(world: TestWorld): ExecutorStreams {
  const executors = new ExecutorStreams((input) => {
    world.give(input)
    return true
  })
  world.onEffect = (effect) => {
    if (effect.kind === "executorEvent") executors.send(effect.connection, effect.event)
    if (effect.kind === "closeExecutor") executors.end(effect.connection)
  }
  return executors
}
