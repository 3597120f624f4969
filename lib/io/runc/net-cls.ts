import type { ContainerId, ContainerSpec } from "#lib/ports/index.ts"
import type { CgroupTree } from "./cgroup-tree.ts"

/** Class ids that containers' packets are told by: one upper half, and a range of lower ones. */
export type NetClsRange = {
  readonly primary: number
  readonly first: number
  readonly last: number
}

/**
 * The class id of each container of an agent, for the traffic control of its operator.
 * Source: apache/mesos: src/slave/containerizer/mesos/isolators/cgroups/subsystems/net_cls.cpp.
 */
export class NetClsHandles {
  readonly #range: NetClsRange | undefined
  readonly #cgroups: Pick<CgroupTree, "readFile">
  readonly #used = new Map<ContainerId, number>()

  constructor(range: NetClsRange | undefined, cgroups: Pick<CgroupTree, "readFile">) {
    this.#range = range
    this.#cgroups = cgroups
  }

  /** Takes a class id for a container; one that is nested has its parent's. Throws when all are taken. */
  take({ containerId, parent }: Pick<ContainerSpec, "containerId" | "parent">): number | undefined {
    if (this.#range === undefined || parent !== undefined) return undefined
    const { primary, first, last } = this.#range
    const used = new Set(this.#used.values())
    for (let secondary = first; secondary <= last; secondary++) {
      const classId = primary * 0x10000 + secondary
      if (used.has(classId)) continue
      this.#used.set(containerId, classId)
      return classId
    }
    throw new Error("all class ids of --cgroups_net_cls_secondary_handles are taken")
  }

  /** Finds the class id of a container of an earlier life of the agent. */
  adopt(containerId: ContainerId): void {
    const text = this.#cgroups.readFile(containerId, "net_cls", "net_cls.classid")
    const classId = Number(text ?? 0)
    if (this.#range !== undefined && classId > 0) this.#used.set(containerId, classId)
  }

  /** What the status of a container says of it. */
  status(containerId: ContainerId): { readonly cgroupInfo?: object } {
    const classid = this.#used.get(containerId)
    return classid === undefined ? {} : { cgroupInfo: { netCls: { classid } } }
  }

  free(containerId: ContainerId): void {
    this.#used.delete(containerId)
  }
}
