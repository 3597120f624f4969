import type {
  CgroupInfoBlkioOperation,
  CgroupInfoBlkioStatistics,
  CgroupInfoBlkioValue,
  DeviceNumber,
} from "#lib/mesos/index.ts"

/** What was done with a device: bytes, or operations. */
export type BlockEntry = {
  readonly major: number
  readonly minor: number
  /** "Read" and so on, in any case. */
  readonly op: string
  readonly value: number
}

const OPERATIONS: readonly CgroupInfoBlkioOperation[] = [
  "TOTAL",
  "READ",
  "WRITE",
  "SYNC",
  "ASYNC",
  "DISCARD",
]

/** Statistics of the devices that a container uses, in the order of their numbers; undefined without any. */
export function blockStatistics(
  bytes: readonly BlockEntry[],
  operations: readonly BlockEntry[],
): CgroupInfoBlkioStatistics | undefined {
  const devices = new Map<string, DeviceNumber>()
  for (const { major, minor } of [...bytes, ...operations])
    devices.set(`${major}:${minor}`, { majorNumber: major, minorNumber: minor })
  const throttling = [...devices.values()]
    .toSorted((a, b) => a.majorNumber - b.majorNumber || a.minorNumber - b.minorNumber)
    .map((device) => ({
      device,
      ioServiced: valuesOf(operations, device),
      ioServiceBytes: valuesOf(bytes, device),
    }))
  return throttling.length === 0 ? undefined : { throttling }
}

function valuesOf(entries: readonly BlockEntry[], device: DeviceNumber): CgroupInfoBlkioValue[] {
  const own = entries.filter(
    ({ major, minor }) => major === device.majorNumber && minor === device.minorNumber,
  )
  return own.map(({ op, value }) => {
    const name = OPERATIONS.find((operation) => operation === op.toUpperCase())
    return { op: name ?? "UNKNOWN", value }
  })
}

/** Reads a file of the controller `blkio` of version 1: "8:0 Read 4096" a line. */
export const parseBlkio = (text: string | undefined): readonly BlockEntry[] =>
  [...(text ?? "").matchAll(/^(\d+):(\d+) (\w+) (\d+)$/gm)].map(
    ([, major, minor, op = "", value]) => ({
      major: Number(major),
      minor: Number(minor),
      op,
      value: Number(value),
    }),
  )

const V2 = {
  bytes: { rbytes: "Read", wbytes: "Write", dbytes: "Discard" },
  operations: { rios: "Read", wios: "Write", dios: "Discard" },
} as const

/** Reads `io.stat` of version 2: "8:0 rbytes=4096 wbytes=0 rios=1 ..." a line. */
export function parseIoStat(
  text: string | undefined,
  what: "bytes" | "operations",
): readonly BlockEntry[] {
  const names = Object.entries(V2[what])
  return [...(text ?? "").matchAll(/^(\d+):(\d+) (.+)$/gm)].flatMap(
    ([, major, minor, fields = ""]) =>
      names.flatMap(([name, op]) => {
        const value = new RegExp(`\\b${name}=(\\d+)`).exec(fields)?.[1]
        return value === undefined
          ? []
          : [{ major: Number(major), minor: Number(minor), op, value: Number(value) }]
      }),
  )
}
