import { readFileSync } from "node:fs"
import { cpus, hostname, networkInterfaces, totalmem, userInfo } from "node:os"

/** What this machine offers, measured. */
export type MachineFacts = {
  readonly hostname: string
  /** First IPv4 address that other machines could reach; 127.0.0.1 when there is none. */
  readonly ip: string
  readonly cpus: number
  /** MiB, of the machine or of the control group that limits this process, whichever is less. */
  readonly memMib: number
  /** Whether this process may do what only root may. */
  readonly root: boolean
}

/** Measures the machine. */
export function measureMachine(): MachineFacts {
  return {
    hostname: hostname(),
    ip: reachableAddress(),
    cpus: cpus().length,
    memMib: Math.floor(Math.min(totalmem(), cgroupMemoryLimit()) / (1024 * 1024)),
    root: userInfo().uid === 0,
  }
}

function reachableAddress(): string {
  for (const addresses of Object.values(networkInterfaces()))
    for (const { family, internal, address } of addresses ?? [])
      if (family === "IPv4" && !internal) return address
  return "127.0.0.1"
}

function cgroupMemoryLimit(): number {
  for (const path of ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"])
    try {
      const limit = Number(readFileSync(path, "utf8"))
      if (Number.isFinite(limit) && limit > 0) return limit
    } catch {
      // The other version of control groups, or none at all.
    }
  return Number.POSITIVE_INFINITY
}
