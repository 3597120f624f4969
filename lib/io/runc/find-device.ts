import { statSync } from "node:fs"
import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"
import { errorText } from "#lib/io/host/files.ts"
import type { DeviceAccess } from "./devices.ts"

/**
 * A device of this machine and how it may be used, from an entry of `--allowed_devices`:
 * {"device":{"path":…} or {"number":{"major_number":…,"minor_number":…}},"access":{"read":…}}.
 * Refused, naming the entry, when there is no such device.
 */
export function deviceAccess(entry: unknown): Result<DeviceAccess, string> {
  const shown = JSON.stringify(entry)
  const path = member(member(entry, "device"), "path")
  if (typeof path !== "string" || !path.startsWith("/dev/"))
    return err(`${shown} must name its device by a path below /dev`)
  const wanted = member(entry, "access")
  const letters = { read: "r", write: "w", mknod: "m" }
  const access = Object.entries(letters)
    .filter(([name]) => member(wanted, name) === true)
    .map(([, letter]) => letter)
    .join("")
  if (access === "") return err(`${shown} must allow read, write or mknod`)
  return deviceAt(path, access)
}

/** A device of this machine that may be used so; refused, naming the path, when there is none. */
export function deviceAt(path: string, access: string): Result<DeviceAccess, string> {
  try {
    const stat = statSync(path)
    if (!stat.isCharacterDevice() && !stat.isBlockDevice()) return err(`${path} is no device`)
    const type = stat.isBlockDevice() ? "b" : "c"
    const device = { path, type, ...numbersOf(stat.rdev), mode: stat.mode & 0o777 } as const
    return ok({ device, access })
  } catch (cause) {
    return err(`${path}: ${errorText(cause)}`)
  }
}

/** Linux spreads both numbers over the one that stat(2) gives. */
const numbersOf = (rdev: number): { readonly major: number; readonly minor: number } => ({
  major: (rdev >>> 8) & 0xfff,
  minor: (rdev & 0xff) | ((rdev >>> 12) & 0xfff00),
})

function member(value: unknown, key: string): unknown {
  if (typeof value !== "object" || value === null) return undefined
  return Object.entries(value).find(([name]) => name === key)?.[1]
}
