import { readFileSync } from "node:fs"
import type { ContainerId } from "#lib/ports/index.ts"
import { send } from "./cgroup-tree.ts"
import type { CgroupTree } from "./cgroup-tree.ts"

/** How often a container whose first process was stopped is looked at for the end of the others. */
const ALONE_POLL_MS = 20

/** What a process does about a signal that it neither catches nor ignores: it ends. */
type Disposition = "caught" | "ignored" | "default"

/** What a process would do about a signal, by /proc/<pid>/status; undefined when it is gone. */
export function disposition(pid: number, signal: number): Disposition | undefined {
  let text: string
  try {
    text = readFileSync(`/proc/${pid}/status`, "latin1")
  } catch {
    return undefined
  }
  const bit = 1n << BigInt(signal - 1)
  const has = (field: string): boolean =>
    (BigInt(`0x${new RegExp(`^${field}:\\s*([0-9a-f]+)$`, "m").exec(text)?.[1] ?? "0"}`) & bit) !==
    0n
  return has("SigCgt") ? "caught" : has("SigIgn") ? "ignored" : "default"
}

/** A container that is asked to end. */
export type Stoppable = {
  readonly containerId: ContainerId
  readonly pid: number
  readonly signal: number
  /** The kernel keeps signals without a handler from the first process of a pid namespace. */
  readonly protectedInit: boolean
}

/**
 * Asks every process of a container to end. The first process of a pid namespace would not hear it
 * without a handler, though any other program ends then; so it is stopped, lest a shell goes on to its
 * next command, and killed once it is alone. `beforeKill` is called then: the wait status will be that
 * of SIGKILL, and means `signal`.
 */
export function askToEnd(cgroups: CgroupTree, container: Stoppable, beforeKill: () => void): void {
  const { containerId, pid, signal, protectedInit } = container
  const others = cgroups.members(containerId, true).filter((each) => each !== pid)
  const emulated = protectedInit && disposition(pid, signal) === "default"
  if (emulated) {
    beforeKill()
    send(pid, "SIGSTOP")
  } else send(pid, signal)
  for (const each of others) send(each, signal)
  if (emulated) killWhenAlone(cgroups, container)
}

function killWhenAlone(cgroups: CgroupTree, { containerId, pid }: Stoppable): void {
  const members = cgroups.members(containerId, true)
  if (!members.includes(pid)) return
  if (members.length === 1) return send(pid, "SIGKILL")
  setTimeout(
    () => killWhenAlone(cgroups, { containerId, pid, signal: 0, protectedInit: true }),
    ALONE_POLL_MS,
  ).unref()
}
