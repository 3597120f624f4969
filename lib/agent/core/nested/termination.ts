import type { ContainerExit, ContainerFailure } from "#lib/ports/index.ts"
import type { Termination } from "./calls.ts"

/**
 * The end of a container as WAIT_CONTAINER tells it: a wait status where there is one; state and
 * reason only where the agent ended it or could not start it.
 * Source: apache/mesos: src/slave/containerizer/mesos/containerizer.cpp.
 */
export function terminationOf(exit: ContainerExit): Termination {
  const status = exit.status === undefined ? {} : { exitStatus: exit.status }
  if (exit.limitation !== undefined) {
    const { reason, message, resources } = exit.limitation
    return { ...status, state: "TASK_FAILED", reason, message, limitation: { resources } }
  }
  return { ...status, ...(exit.message === undefined ? {} : { message: exit.message }) }
}

/** The end of a container that never ran. */
export const terminationOfFailure = ({ reason, message }: ContainerFailure): Termination => ({
  state: "TASK_FAILED",
  reason,
  message,
})
