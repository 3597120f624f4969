import { AGENT_PREFIX } from "#lib/agent/index.ts"
import type { ContainerId, ContainerSpec } from "#lib/ports/index.ts"
import type { Disk } from "./disk.ts"

/** What really happened to a container that a call made. */
type Truth = { readonly node: string; running: boolean; status: number | undefined }

/** Whether a container was made by a call: it has the shape of a task whose id is its own. */
export const isCalled = ({ containerId, task }: ContainerSpec): boolean =>
  (task.taskId as string) === containerId

/** What really happened to the containers that calls have made, seen from outside. */
export class CalledContainers {
  readonly #truths = new Map<ContainerId, Truth>()

  /** What is wrong with a launch; undefined when the agent would know of it after a crash. */
  launching(disk: Disk, { containerId }: ContainerSpec): string | undefined {
    return disk.text(`${AGENT_PREFIX}container/${containerId}`) === undefined
      ? "unrecorded"
      : undefined
  }

  /** Its process runs; what is wrong with that. */
  spawned(node: string, { containerId }: ContainerSpec): string | undefined {
    const known = this.#truths.has(containerId)
    this.#truths.set(containerId, { node, running: true, status: undefined })
    return known ? "a second time" : undefined
  }

  exited({ containerId }: ContainerSpec, status: number | undefined): void {
    const truth = this.#truths.get(containerId)
    if (truth !== undefined) Object.assign(truth, { running: false, status })
  }

  /** A node is another machine from now on. */
  replaced(node: string): void {
    for (const [id, truth] of this.#truths) if (truth.node === node) this.#truths.delete(id)
  }

  /** What is wrong with the end of a container as it was told; undefined when it is true. */
  problem(containerId: ContainerId, exitStatus: number | undefined): string | undefined {
    const truth = this.#truths.get(containerId)
    if (truth === undefined) return exitStatus === undefined ? undefined : "it never ran"
    if (exitStatus === undefined) return undefined
    if (truth.running) return "it runs"
    return truth.status === exitStatus ? undefined : `it ended with ${truth.status}`
  }
}
