import type { ContainerStatus } from "#lib/mesos/index.ts"
import type { ContainerId } from "#lib/ports/index.ts"
import { err, ok, type Result } from "#lib/std/result.ts"

/** A container's id as the API nests it. */
export type ApiContainerId = NonNullable<ContainerStatus["containerId"]>

/**
 * Characters of one part of an id at most: it names a file, beside which others of the same name with
 * a suffix must fit. Source: apache/mesos: src/common/validation.cpp (MAX_ID_LENGTH).
 */
const PART_LENGTH_MAX = 242

/** Containers within containers at most: each level adds to the path of the sandbox. */
const DEPTH_MAX = 32

/** Bytes of an id with those of all its parents, which names files here too: six UUIDs, or 32 short ones. */
const BYTES_MAX = 242

/** Characters that would end a part, a path, a line or a word of a log. */
// oxlint-disable-next-line no-control-regex
const INVALID = /[\u0000-\u0020\u007f./\\]/

/**
 * An id of the API as the agent names containers: "root.child.grandchild". The rejection says what is
 * wrong with it. Source: apache/mesos: src/slave/validation.cpp (validateContainerId).
 */
export function parseContainerId(id: ApiContainerId): Result<ContainerId, string> {
  const parts: string[] = []
  for (let at: ApiContainerId | undefined = id; at !== undefined; at = at.parent) {
    const problem = partProblem(at.value)
    if (problem !== undefined)
      return err(`${"'ContainerID.parent' is invalid: ".repeat(parts.length)}${problem}`)
    parts.unshift(at.value)
    if (parts.length > DEPTH_MAX)
      return err(`containers can be nested ${DEPTH_MAX} levels deep, not deeper`)
  }
  const whole = parts.join(".")
  if (new TextEncoder().encode(whole).length > BYTES_MAX)
    return err(`ID must not be greater than ${BYTES_MAX} bytes together with those of its parents`)
  return ok(whole as ContainerId)
}

function partProblem(value: string): string | undefined {
  if (value === "") return "ID must not be empty"
  if (value.length > PART_LENGTH_MAX)
    return `ID must not be greater than ${PART_LENGTH_MAX} characters`
  return INVALID.test(value)
    ? `'ContainerID.value' '${value}' contains invalid characters`
    : undefined
}

/** The container that this one lives in; undefined when it is a root. */
export function parentOf(containerId: ContainerId): ContainerId | undefined {
  const dot = containerId.lastIndexOf(".")
  return dot < 0 ? undefined : (containerId.slice(0, dot) as ContainerId)
}

/** The outermost container that this one lives in: itself when it is a root. */
export function rootOf(containerId: ContainerId): ContainerId {
  const dot = containerId.indexOf(".")
  return dot < 0 ? containerId : (containerId.slice(0, dot) as ContainerId)
}

/** The last part of an id, which names the container among those of its parent. */
export const nameOf = (containerId: ContainerId): string =>
  containerId.slice(containerId.lastIndexOf(".") + 1)

/** How many containers this one lives in. */
export const depthOf = (containerId: ContainerId): number => containerId.split(".").length - 1

/** Whether the container lives in the other, at any depth. */
export const livesIn = (containerId: ContainerId, other: ContainerId): boolean =>
  containerId.startsWith(`${other}.`)
