import type Docker from "dockerode"
import { OWNER_LABEL } from "./create-options.ts"
import { daemonStatus } from "./daemon.ts"

/** How long the daemon may take to finish what an earlier life of the agent asked for. */
const CONFLICT_DEADLINE_MS = 30_000

/** Between two looks at what has the name. */
const CONFLICT_POLL_MS = 100

/** States of a container that has its name a while longer, though it is as good as gone. */
const ENDING: readonly string[] = ["removing", "dead"]

/**
 * Creates a container. An agent that was killed may have asked for it already: the daemon then takes the
 * name at once, shows the container later, and nobody has started it. That one is removed first. Rejects
 * when the daemon refuses, and when the name belongs to anything else.
 */
export async function createContainer(
  docker: Docker,
  options: Docker.ContainerCreateOptions,
  signal: AbortSignal,
): Promise<Docker.Container> {
  const deadline = performance.now() + CONFLICT_DEADLINE_MS
  for (;;) {
    try {
      return await docker.createContainer(options)
    } catch (cause) {
      const isLate = signal.aborted || performance.now() > deadline
      if (daemonStatus(cause) !== 409 || isLate) throw cause
      if (!(await clearName(docker, options))) throw cause
    }
    await Bun.sleep(CONFLICT_POLL_MS)
  }
}

/** Whether the name of a container that is to be is free, or will be. */
async function clearName(
  docker: Docker,
  { name = "", Labels }: Docker.ContainerCreateOptions,
): Promise<boolean> {
  const holder = docker.getContainer(name)
  try {
    const { State, Config } = await holder.inspect()
    if (ENDING.includes(State.Status)) return true
    const isOurs = Config.Labels[OWNER_LABEL] === Labels?.[OWNER_LABEL]
    if (State.Status !== "created" || !isOurs) return false
    await holder.remove({ force: true, v: true })
  } catch (cause) {
    // Not shown yet, gone by now, or just being removed.
    if (daemonStatus(cause) !== 404 && daemonStatus(cause) !== 409) throw cause
  }
  return true
}
