import type { ContainerCreateOptions, EndpointSettings, HostConfig } from "dockerode"
import { parseGoDuration } from "./go-duration.ts"

/** What parameters are written into: the request that makes a container, with its parts present. */
export type Draft = Omit<ContainerCreateOptions, "HostConfig" | "Labels" | "Env"> & {
  HostConfig: HostConfig
  Labels: Record<string, string>
  Env: string[]
  /** What the container is on its first network. */
  endpoint?: EndpointSettings
}

/** Writes a parameter's value into the draft; answers what is wrong with it, or nothing. */
export type Apply = (draft: Draft, value: string) => string | undefined

const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
  t: 2 ** 40,
}

/** Bytes of a text such as "64m"; -1 means no limit; undefined when it is none. */
export function bytesOf(value: string): number | undefined {
  if (value === "-1") return -1
  const match = /^(\d+(?:\.\d+)?) ?([bkmgt]?)i?b?$/i.exec(value)
  const unit = UNITS[match?.[2]?.toLowerCase() ?? "?"]
  return match === null || unit === undefined ? undefined : Math.floor(Number(match[1]) * unit)
}

/** The parts before and behind the first "=". */
export const pair = (value: string): readonly [key: string, value: string] => {
  const at = value.indexOf("=")
  return at < 0 ? [value, ""] : [value.slice(0, at), value.slice(at + 1)]
}

const WORDS: Readonly<Record<string, boolean>> = {
  "": true,
  "1": true,
  t: true,
  true: true,
  "0": false,
  f: false,
  false: false,
}

/** A truth value as Docker's command line reads it; undefined when it is none. */
export const truthOf = (value: string): boolean | undefined => WORDS[value.toLowerCase()]

/** The fields of `HostConfig` that may hold a value of this type. */
type Fields<T> = {
  [Key in keyof HostConfig]-?: T extends HostConfig[Key] ? Key : never
}[keyof HostConfig]

/** A number of bytes. */
export const size =
  (field: Fields<number>): Apply =>
  ({ HostConfig: host }, value) => {
    const amount = bytesOf(value)
    if (amount === undefined) return "must be a size such as 64m"
    Object.assign(host, { [field]: amount })
    return undefined
  }

/** A whole number. */
export const number =
  (field: Fields<number>): Apply =>
  ({ HostConfig: host }, value) => {
    if (!/^-?\d+$/.test(value)) return "must be a whole number"
    Object.assign(host, { [field]: Number(value) })
    return undefined
  }

/** Any text. The types of the client lack some fields that daemons know. */
export const text =
  (field: Fields<string> | "CgroupnsMode"): Apply =>
  ({ HostConfig: host }, value) => {
    Object.assign(host, { [field]: value })
    return undefined
  }

/** A truth value. */
export const flag =
  (field: Fields<boolean>): Apply =>
  ({ HostConfig: host }, value) => {
    const truth = truthOf(value)
    if (truth === undefined) return "must be true or false"
    Object.assign(host, { [field]: truth })
    return undefined
  }

/** One more text of a list. */
export const list =
  (field: Fields<string[]>): Apply =>
  ({ HostConfig: host }, value) => {
    append(host, field, value)
    return undefined
  }

/** One more name and value. */
export const entry =
  (field: "StorageOpt" | "Sysctls" | "Annotations"): Apply =>
  ({ HostConfig: host }, value) => {
    const known: unknown = Reflect.get(host, field)
    const [key, content] = pair(value)
    Object.assign(host, { [field]: { ...(known as object | undefined), [key]: content } })
    return undefined
  }

/** A time such as "1m30s", for the field of the health check that it belongs to, in nanoseconds. */
export const healthTime =
  (field: "Interval" | "Timeout" | "StartPeriod" | "StartInterval"): Apply =>
  (draft, value) => {
    const nanoseconds = parseGoDuration(value)
    if (nanoseconds === undefined) return "must be a duration such as 1m30s"
    draft.Healthcheck = { ...draft.Healthcheck, [field]: nanoseconds }
    return undefined
  }

/** What only writes, and takes any value. */
export const set =
  (change: (draft: Draft, value: string) => void): Apply =>
  (draft, value) => {
    change(draft, value)
    return undefined
  }

/** Adds to a list of the draft that may not be there yet. */
export function append(host: HostConfig, field: keyof HostConfig, item: unknown): void {
  const known: unknown = host[field]
  Object.assign(host, { [field]: [...(Array.isArray(known) ? (known as unknown[]) : []), item] })
}
