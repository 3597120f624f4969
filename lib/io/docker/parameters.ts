import type { ContainerCreateOptions, HostConfig } from "dockerode"
import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"

/** What parameters are written into: the request that makes a container, with its parts present. */
export type Draft = Omit<ContainerCreateOptions, "HostConfig" | "Labels" | "Env"> & {
  HostConfig: HostConfig
  Labels: Record<string, string>
  Env: string[]
}

/** Writes a parameter's value into the draft; answers what is wrong with it, or nothing. */
type Apply = (draft: Draft, value: string) => string | undefined

const UNITS: Readonly<Record<string, number>> = { "": 1, b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 }

/** Bytes of a text such as "64m"; -1 means no limit. */
function bytes(value: string): number | undefined {
  if (value === "-1") return -1
  const match = /^(\d+(?:\.\d+)?)([bkmg]?)b?$/i.exec(value)
  const unit = UNITS[match?.[2]?.toLowerCase() ?? "?"]
  return match === null || unit === undefined ? undefined : Math.floor(Number(match[1]) * unit)
}

const pair = (value: string): readonly [key: string, value: string] => {
  const at = value.indexOf("=")
  return at < 0 ? [value, ""] : [value.slice(0, at), value.slice(at + 1)]
}

const isTrue = (value: string): boolean => value === "" || value === "true"

const size =
  (field: "Memory" | "MemoryReservation" | "MemorySwap" | "ShmSize" | "KernelMemory"): Apply =>
  ({ HostConfig: host }, value) => {
    const amount = bytes(value)
    if (amount === undefined) return "must be a size such as 64m"
    host[field] = amount
    return undefined
  }

const number =
  (
    field: "CpuShares" | "CpuQuota" | "CpuPeriod" | "OomScoreAdj" | "PidsLimit" | "BlkioWeight",
    scale = 1,
  ): Apply =>
  ({ HostConfig: host }, value) => {
    if (!/^-?\d+$/.test(value)) return "must be a whole number"
    host[field] = Number(value) * scale
    return undefined
  }

const text =
  (
    field:
      | "CgroupParent"
      | "CpusetCpus"
      | "CpusetMems"
      | "IpcMode"
      | "NetworkMode"
      | "PidMode"
      | "Runtime"
      | "UTSMode"
      | "UsernsMode"
      | "VolumeDriver",
  ): Apply =>
  ({ HostConfig: host }, value) => {
    host[field] = value
    return undefined
  }

const flag =
  (field: "Privileged" | "ReadonlyRootfs" | "Init" | "OomKillDisable"): Apply =>
  ({ HostConfig: host }, value) => {
    host[field] = isTrue(value)
    return undefined
  }

const list =
  (
    field:
      | "Binds"
      | "CapAdd"
      | "CapDrop"
      | "Dns"
      | "DnsOptions"
      | "DnsSearch"
      | "ExtraHosts"
      | "GroupAdd"
      | "Links"
      | "SecurityOpt"
      | "VolumesFrom",
  ): Apply =>
  ({ HostConfig: host }, value) => {
    const known: unknown = host[field]
    const items = Array.isArray(known) ? (known as string[]) : []
    host[field] = [...items, value]
    return undefined
  }

const device: Apply = ({ HostConfig: host }, value) => {
  const [onHost = "", inContainer = onHost, permissions = "rwm"] = value.split(":")
  const known: unknown = host.Devices
  const entry = {
    PathOnHost: onHost,
    PathInContainer: inContainer,
    CgroupPermissions: permissions,
  }
  host.Devices = [...(Array.isArray(known) ? (known as object[]) : []), entry]
  return undefined
}

const ulimit: Apply = ({ HostConfig: host }, value) => {
  const match = /^([a-z]+)=(-?\d+)(?::(-?\d+))?$/.exec(value)
  if (match === null) return "must look like nofile=1024:2048"
  const [, name = "", soft = "", hard = soft] = match
  host.Ulimits = [...(host.Ulimits ?? []), { Name: name, Soft: Number(soft), Hard: Number(hard) }]
  return undefined
}

const publish: Apply = (draft, value) => {
  const match = /^(?:(?:([\d.]+|\[[\da-f:]+\]):)?(\d*):)?(\d+)(?:\/(tcp|udp|sctp))?$/i.exec(value)
  if (match === null) return "must look like 8080:80/tcp"
  const [, ip = "", hostPort = "", containerPort = "", protocol = "tcp"] = match
  addPort(draft, { hostIp: ip, hostPort, port: `${containerPort}/${protocol}` })
  return undefined
}

/** Publishes a port of the container, such as "80/tcp". */
export function addPort(
  draft: Draft,
  mapping: { readonly hostIp?: string; readonly hostPort: string; readonly port: string },
): void {
  const { hostIp = "", hostPort, port } = mapping
  type Bindings = Record<string, { HostIp: string; HostPort: string }[]>
  const bindings = (draft.HostConfig.PortBindings ?? {}) as Bindings
  bindings[port] = [...(bindings[port] ?? []), { HostIp: hostIp, HostPort: hostPort }]
  draft.HostConfig.PortBindings = bindings
  draft.ExposedPorts = { ...draft.ExposedPorts, [port]: {} }
}

const logging = (draft: Draft, change: { type?: string; option?: readonly [string, string] }) => {
  const known = draft.HostConfig.LogConfig
  const config = change.type === undefined ? (known?.Config as Record<string, string>) : {}
  draft.HostConfig.LogConfig = {
    Type: change.type ?? known?.Type ?? "json-file",
    Config:
      change.option === undefined ? config : { ...config, [change.option[0]]: change.option[1] },
  }
  return undefined
}

const set =
  (change: (draft: Draft, value: string) => void): Apply =>
  (draft, value) => {
    change(draft, value)
    return undefined
  }

/** Every option of `docker run` that a parameter may name, without its dashes. */
const PARAMETERS: Readonly<Record<string, Apply>> = {
  "add-host": list("ExtraHosts"),
  "blkio-weight": number("BlkioWeight"),
  "cap-add": list("CapAdd"),
  "cap-drop": list("CapDrop"),
  "cgroup-parent": text("CgroupParent"),
  "cpu-period": number("CpuPeriod"),
  "cpu-quota": number("CpuQuota"),
  "cpu-shares": number("CpuShares"),
  cpus: ({ HostConfig: host }, value) => {
    if (!/^\d+(\.\d+)?$/.test(value)) return "must be a number"
    host.NanoCpus = Math.round(Number(value) * 1e9)
    return undefined
  },
  "cpuset-cpus": text("CpusetCpus"),
  "cpuset-mems": text("CpusetMems"),
  device,
  dns: list("Dns"),
  "dns-opt": list("DnsOptions"),
  "dns-option": list("DnsOptions"),
  "dns-search": list("DnsSearch"),
  domainname: set((draft, value) => void (draft.Domainname = value)),
  entrypoint: set((draft, value) => void (draft.Entrypoint = [value])),
  env: set((draft, value) => void draft.Env.push(value)),
  expose: set((draft, value) => {
    const port = value.includes("/") ? value : `${value}/tcp`
    draft.ExposedPorts = { ...draft.ExposedPorts, [port]: {} }
  }),
  "group-add": list("GroupAdd"),
  hostname: set((draft, value) => void (draft.Hostname = value)),
  init: flag("Init"),
  interactive: set((draft, value) => void (draft.OpenStdin = isTrue(value))),
  ipc: text("IpcMode"),
  "kernel-memory": size("KernelMemory"),
  label: set((draft, value) => void (draft.Labels[pair(value)[0]] = pair(value)[1])),
  link: list("Links"),
  "log-driver": (draft, type) => logging(draft, { type }),
  "log-opt": (draft, value) => logging(draft, { option: pair(value) }),
  "mac-address": set((draft, value) => void (draft.MacAddress = value)),
  memory: size("Memory"),
  "memory-reservation": size("MemoryReservation"),
  "memory-swap": size("MemorySwap"),
  net: text("NetworkMode"),
  network: text("NetworkMode"),
  "oom-kill-disable": flag("OomKillDisable"),
  "oom-score-adj": number("OomScoreAdj"),
  pid: text("PidMode"),
  "pids-limit": number("PidsLimit"),
  privileged: flag("Privileged"),
  publish,
  "read-only": flag("ReadonlyRootfs"),
  runtime: text("Runtime"),
  "security-opt": list("SecurityOpt"),
  "shm-size": size("ShmSize"),
  "stop-signal": set((draft, value) => void (draft.StopSignal = value)),
  "storage-opt": set(({ HostConfig: host }, value) => {
    host.StorageOpt = { ...host.StorageOpt, [pair(value)[0]]: pair(value)[1] }
  }),
  sysctl: set(({ HostConfig: host }, value) => {
    host.Sysctls = { ...host.Sysctls, [pair(value)[0]]: pair(value)[1] }
  }),
  tmpfs: set(({ HostConfig: host }, value) => {
    const [path = "", ...options] = value.split(":")
    host.Tmpfs = { ...host.Tmpfs, [path]: options.join(":") }
  }),
  tty: set((draft, value) => void (draft.Tty = isTrue(value))),
  ulimit,
  user: set((draft, value) => void (draft.User = value)),
  userns: text("UsernsMode"),
  uts: text("UTSMode"),
  volume: list("Binds"),
  "volume-driver": text("VolumeDriver"),
  "volumes-from": list("VolumesFrom"),
  workdir: set((draft, value) => void (draft.WorkingDir = value)),
}

/** The short forms of the options. */
const SHORT: Readonly<Record<string, string>> = {
  c: "cpu-shares",
  e: "env",
  h: "hostname",
  i: "interactive",
  l: "label",
  m: "memory",
  p: "publish",
  t: "tty",
  u: "user",
  v: "volume",
  w: "workdir",
}

/** Options that would take the container out of the agent's hands, and why. */
const REFUSED: Readonly<Record<string, string>> = {
  name: "the agent names its containers",
  rm: "the agent removes its containers",
  detach: "the agent follows its containers",
  d: "the agent follows its containers",
  restart: "the scheduler decides about restarts",
  cidfile: "the agent names its containers",
}

/**
 * Applies one parameter of a DockerInfo, an option of `docker run`. Refused when it is not known,
 * its value is malformed, or it would take the container out of the agent's hands.
 */
export function applyParameter(
  draft: Draft,
  { key, value }: { readonly key: string; readonly value: string },
): Result<void, string> {
  const name = key.replace(/^-+/, "")
  const reason = REFUSED[name]
  if (reason !== undefined) return err(`Docker parameter '${key}' cannot be used: ${reason}`)
  const apply = PARAMETERS[SHORT[name] ?? name]
  if (apply === undefined) return err(`Docker parameter '${key}' is not supported`)
  const problem = apply(draft, value)
  return problem === undefined
    ? ok(undefined)
    : err(`Docker parameter '${key}' ${problem}, not '${value}'`)
}
