import type { OciDevice, OciDeviceRule } from "./oci.ts"

/** A device of the machine, as `stat` finds it. */
export type DeviceNode = Omit<OciDevice, "fileMode" | "uid" | "gid"> & {
  /** Permission bits, 0o666 for example. */
  readonly mode?: number | undefined
}

/** A device that containers may use, and how: some of "r", "w" and "m" (mknod). */
export type DeviceAccess = { readonly device: DeviceNode; readonly access: string }

/**
 * What every container may use: null, zero, full, random, urandom, tty, tty0, tty1, console, ptmx,
 * pts and net/tun; and making nodes of any device, which gives no access to it.
 * Source: apache/mesos: src/slave/containerizer/mesos/isolators/cgroups/subsystems/devices.cpp.
 */
const ALWAYS: readonly OciDeviceRule[] = [
  { allow: true, type: "c", access: "m" },
  { allow: true, type: "b", access: "m" },
  ...[
    [1, 3],
    [1, 5],
    [1, 7],
    [1, 8],
    [1, 9],
    [4, 0],
    [4, 1],
    [5, 0],
    [5, 1],
    [5, 2],
    [10, 200],
  ].map(([major = 0, minor = 0]) => charDevice(major, minor)),
  { allow: true, type: "c", major: 136, access: "rwm" },
]

function charDevice(major: number, minor: number): OciDeviceRule {
  return { allow: true, type: "c", major, minor, access: "rwm" }
}

/** Rules of the device cgroup: nothing, then the usual devices, then those that were allowed. */
export const deviceRules = (allowed: readonly DeviceAccess[]): readonly OciDeviceRule[] => [
  { allow: false, type: "a", access: "rwm" },
  ...ALWAYS,
  ...allowed.map(({ device: { type, major, minor }, access }) => ({
    allow: true,
    type,
    major,
    minor,
    access,
  })),
]

/** Nodes that are made in /dev beside the usual ones, which runc makes by itself. */
export const deviceNodes = (allowed: readonly DeviceAccess[]): readonly OciDevice[] =>
  allowed.map(({ device: { mode, ...device } }) => ({
    ...device,
    fileMode: mode ?? 0o666,
    uid: 0,
    gid: 0,
  }))
