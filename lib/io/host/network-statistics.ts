import { readFileSync, readlinkSync } from "node:fs"
import type { ResourceStatistics } from "#lib/mesos/index.ts"

/** What came and went over a container's own network. */
export type NetworkStatistics = Pick<
  ResourceStatistics,
  | "netRxBytes"
  | "netRxPackets"
  | "netRxErrors"
  | "netRxDropped"
  | "netTxBytes"
  | "netTxPackets"
  | "netTxErrors"
  | "netTxDropped"
>

/** What one interface counts. */
export type InterfaceCounters = Readonly<
  Record<`${"rx" | "tx"}_${"bytes" | "packets" | "errors" | "dropped"}`, number>
>

/** The sum over interfaces; nothing where there is none. */
export function networkStatistics(interfaces: readonly InterfaceCounters[]): NetworkStatistics {
  if (interfaces.length === 0) return {}
  const sum = (name: keyof InterfaceCounters): number =>
    interfaces.reduce((total, each) => total + each[name], 0)
  return {
    netRxBytes: sum("rx_bytes"),
    netRxPackets: sum("rx_packets"),
    netRxErrors: sum("rx_errors"),
    netRxDropped: sum("rx_dropped"),
    netTxBytes: sum("tx_bytes"),
    netTxPackets: sum("tx_packets"),
    netTxErrors: sum("tx_errors"),
    netTxDropped: sum("tx_dropped"),
  }
}

/** Reads /proc/<pid>/net/dev, without the loopback interface. Source: proc_pid_net(5). */
export const parseNetDev = (text: string): readonly InterfaceCounters[] =>
  text.split("\n").flatMap((line) => {
    const [, name = "", rest = ""] = /^\s*([^:|\s]+):\s*(\d.*)$/.exec(line) ?? []
    if (name === "" || name === "lo") return []
    const fields = rest.trim().split(/\s+/).map(Number)
    const field = (index: number): number => fields[index] ?? 0
    return [
      {
        rx_bytes: field(0),
        rx_packets: field(1),
        rx_errors: field(2),
        rx_dropped: field(3),
        tx_bytes: field(8),
        tx_packets: field(9),
        tx_errors: field(10),
        tx_dropped: field(11),
      },
    ]
  })

/** What a process' network counts, where it has another one than the agent; nothing otherwise. */
export function networkOfProcess(pid: number): NetworkStatistics {
  try {
    if (readlinkSync(`/proc/${pid}/ns/net`) === readlinkSync("/proc/self/ns/net")) return {}
    return networkStatistics(parseNetDev(readFileSync(`/proc/${pid}/net/dev`, "utf8")))
  } catch {
    // It has just ended, or is somebody else's.
    return {}
  }
}
