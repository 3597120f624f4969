import { append, bytesOf, pair } from "./parameter-kinds.ts"
import type { Apply, Draft } from "./parameter-kinds.ts"

/** "/dev/fuse", "/dev/fuse:/dev/other", "/dev/fuse:rw" or all three. */
export const device: Apply = ({ HostConfig: host }, value) => {
  const [onHost = "", second, third] = value.split(":")
  const isMode = third === undefined && second !== undefined && /^[rwm]{1,3}$/.test(second)
  append(host, "Devices", {
    PathOnHost: onHost,
    PathInContainer: isMode ? onHost : (second ?? onHost),
    CgroupPermissions: (isMode ? second : third) ?? "rwm",
  })
  return undefined
}

/** What may be done with kinds of devices: "c 189:* rmw". */
export const deviceRule: Apply = ({ HostConfig: host }, value) => {
  if (!/^[acb] (\d+|\*):(\d+|\*) [rwm]{1,3}$/.test(value)) return "must look like c 42:* rmw"
  append(host, "DeviceCgroupRules", value)
  return undefined
}

/** A rate of one device, "/dev/sda:1mb" or, where it is no size, "/dev/sda:1000". */
export const deviceRate =
  (
    field:
      | "BlkioDeviceReadBps"
      | "BlkioDeviceReadIOps"
      | "BlkioDeviceWriteBps"
      | "BlkioDeviceWriteIOps"
      | "BlkioWeightDevice",
  ): Apply =>
  ({ HostConfig: host }, value) => {
    const at = value.lastIndexOf(":")
    const text = value.slice(at + 1)
    const isSize = field.endsWith("Bps")
    const amount = isSize ? bytesOf(text) : /^\d+$/.test(text) ? Number(text) : undefined
    if (at < 1 || amount === undefined || amount < 0)
      return isSize ? "must look like /dev/sda:1mb" : "must look like /dev/sda:100"
    const name = field === "BlkioWeightDevice" ? "Weight" : "Rate"
    append(host, field, { Path: value.slice(0, at), [name]: amount })
    return undefined
  }

/** "nofile=1024" or "nofile=1024:2048". */
export const ulimit: Apply = ({ HostConfig: host }, value) => {
  const match = /^([a-z]+)=(-?\d+)(?::(-?\d+))?$/.exec(value)
  if (match === null) return "must look like nofile=1024:2048"
  const [, name = "", soft = "", hard = soft] = match
  append(host, "Ulimits", { Name: name, Soft: Number(soft), Hard: Number(hard) })
  return undefined
}

/** "all", a number, or "device=0,1" in quotes as CSV has them, with driver and capabilities. */
export const gpus: Apply = ({ HostConfig: host }, value) => {
  const capabilities: string[] = ["gpu"]
  const request: { Driver?: string; Count?: number; DeviceIDs?: string[] } = {}
  for (const field of csvFields(value)) {
    const [key, content] = field.includes("=") ? pair(field) : ["count", field]
    if (key === "driver") request.Driver = content
    else if (key === "device") request.DeviceIDs = content.split(",")
    else if (key === "capabilities") capabilities.push(...content.split(","))
    else if (key === "count" && content === "all") request.Count = -1
    else if (key === "count" && /^\d+$/.test(content)) request.Count = Number(content)
    else return "must look like all, 2 or device=0"
  }
  append(host, "DeviceRequests", { ...request, Capabilities: [[...new Set(capabilities)]] })
  return undefined
}

/** The fields of one line of comma-separated values, in which quotes keep commas. */
export function csvFields(line: string): readonly string[] {
  const fields = line.match(/("(?:[^"]|"")*"|[^,"])+/g) ?? []
  return fields.map((field) =>
    field.replaceAll(/"((?:[^"]|"")*)"/g, (_, inner: string) => inner.replaceAll('""', '"')),
  )
}

/** Changes what the daemon does with the output. */
export function logging(
  draft: Draft,
  change: { readonly type?: string; readonly option?: readonly [string, string] },
): undefined {
  const known = draft.HostConfig.LogConfig
  const config = change.type === undefined ? (known?.Config as Record<string, string>) : {}
  draft.HostConfig.LogConfig = {
    Type: change.type ?? known?.Type ?? "json-file",
    Config:
      change.option === undefined ? config : { ...config, [change.option[0]]: change.option[1] },
  }
  return undefined
}
