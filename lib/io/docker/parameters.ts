import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"
import { device, deviceRate, deviceRule, gpus, logging, ulimit } from "./parameter-devices.ts"
import {
  entry,
  flag,
  healthTime,
  list,
  number,
  pair,
  set,
  size,
  text,
  truthOf,
} from "./parameter-kinds.ts"
import type { Apply, Draft } from "./parameter-kinds.ts"
import { mount, tmpfs } from "./parameter-mount.ts"
import { alias, expose, ip, linkLocalIp, network, publish } from "./parameter-network.ts"

/** Labels by which the agent knows its containers. */
const OWN_LABELS = "dcos."

const label: Apply = (draft, value) => {
  const [key, content] = pair(value)
  if (key.startsWith(OWN_LABELS)) return `must not begin with ${OWN_LABELS}`
  draft.Labels[key] = content
  return undefined
}

const truth =
  (write: (draft: Draft, value: boolean) => void): Apply =>
  (draft, value) => {
    const read = truthOf(value)
    if (read === undefined) return "must be true or false"
    write(draft, read)
    return undefined
  }

const cpus: Apply = ({ HostConfig: host }, value) => {
  if (!/^\d+(\.\d+)?$/.test(value)) return "must be a number"
  host.NanoCpus = Math.round(Number(value) * 1e9)
  return undefined
}

const whole =
  (write: (draft: Draft, value: number) => void): Apply =>
  (draft, value) => {
    if (!/^\d+$/.test(value)) return "must be a whole number"
    write(draft, Number(value))
    return undefined
  }

/** Every option of `docker run` that a parameter may name, without its dashes. */
const PARAMETERS: Readonly<Record<string, Apply>> = {
  "add-host": list("ExtraHosts"),
  annotation: entry("Annotations"),
  "blkio-weight": number("BlkioWeight"),
  "blkio-weight-device": deviceRate("BlkioWeightDevice"),
  "cap-add": list("CapAdd"),
  "cap-drop": list("CapDrop"),
  "cgroup-parent": text("CgroupParent"),
  cgroupns: text("CgroupnsMode"),
  "cpu-period": number("CpuPeriod"),
  "cpu-quota": number("CpuQuota"),
  "cpu-rt-period": number("CpuRealtimePeriod"),
  "cpu-rt-runtime": number("CpuRealtimeRuntime"),
  "cpu-shares": number("CpuShares"),
  cpus,
  "cpuset-cpus": text("CpusetCpus"),
  "cpuset-mems": text("CpusetMems"),
  device,
  "device-cgroup-rule": deviceRule,
  "device-read-bps": deviceRate("BlkioDeviceReadBps"),
  "device-read-iops": deviceRate("BlkioDeviceReadIOps"),
  "device-write-bps": deviceRate("BlkioDeviceWriteBps"),
  "device-write-iops": deviceRate("BlkioDeviceWriteIOps"),
  dns: list("Dns"),
  "dns-opt": list("DnsOptions"),
  "dns-option": list("DnsOptions"),
  "dns-search": list("DnsSearch"),
  domainname: set((draft, value) => void (draft.Domainname = value)),
  entrypoint: set((draft, value) => void (draft.Entrypoint = value === "" ? [""] : [value])),
  env: set((draft, value) => void draft.Env.push(value)),
  expose,
  gpus,
  "group-add": list("GroupAdd"),
  "health-cmd": set((draft, value) => {
    draft.Healthcheck = { ...draft.Healthcheck, Test: ["CMD-SHELL", value] }
  }),
  "health-interval": healthTime("Interval"),
  "health-retries": whole((draft, value) => {
    draft.Healthcheck = { ...draft.Healthcheck, Retries: value }
  }),
  "health-start-interval": healthTime("StartInterval"),
  "health-start-period": healthTime("StartPeriod"),
  "health-timeout": healthTime("Timeout"),
  hostname: set((draft, value) => void (draft.Hostname = value)),
  init: flag("Init"),
  interactive: truth((draft, value) => void (draft.OpenStdin = value)),
  ip: ip("IPv4Address"),
  ip6: ip("IPv6Address"),
  ipc: text("IpcMode"),
  "kernel-memory": size("KernelMemory"),
  label,
  link: list("Links"),
  "link-local-ip": linkLocalIp,
  "log-driver": (draft, type) => logging(draft, { type }),
  "log-opt": (draft, value) => logging(draft, { option: pair(value) }),
  "mac-address": set((draft, value) => void (draft.MacAddress = value)),
  memory: size("Memory"),
  "memory-reservation": size("MemoryReservation"),
  "memory-swap": size("MemorySwap"),
  "memory-swappiness": number("MemorySwappiness"),
  mount,
  net: network,
  "net-alias": alias,
  network,
  "network-alias": alias,
  "no-healthcheck": truth((draft, value) => {
    if (value) draft.Healthcheck = { Test: ["NONE"] }
  }),
  "oom-kill-disable": flag("OomKillDisable"),
  "oom-score-adj": number("OomScoreAdj"),
  pid: text("PidMode"),
  "pids-limit": number("PidsLimit"),
  privileged: flag("Privileged"),
  publish,
  "publish-all": flag("PublishAllPorts"),
  "read-only": flag("ReadonlyRootfs"),
  runtime: text("Runtime"),
  "security-opt": list("SecurityOpt"),
  "shm-size": size("ShmSize"),
  "stop-signal": set((draft, value) => void (draft.StopSignal = value)),
  "stop-timeout": whole((draft, value) => void (draft.StopTimeout = value)),
  "storage-opt": entry("StorageOpt"),
  sysctl: entry("Sysctls"),
  tmpfs,
  tty: truth((draft, value) => void (draft.Tty = value)),
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
  P: "publish-all",
  a: "attach",
  c: "cpu-shares",
  d: "detach",
  e: "env",
  h: "hostname",
  i: "interactive",
  l: "label",
  m: "memory",
  p: "publish",
  q: "quiet",
  t: "tty",
  u: "user",
  v: "volume",
  w: "workdir",
}

const FOLLOWS = "the agent follows its containers"
const WINDOWS = "only Windows has it"

/** Options that cannot be what they are to a person at a terminal, and why. */
const REFUSED: Readonly<Record<string, string>> = {
  attach: FOLLOWS,
  cidfile: "the agent names its containers",
  "cpu-count": WINDOWS,
  "cpu-percent": WINDOWS,
  detach: FOLLOWS,
  "detach-keys": FOLLOWS,
  "disable-content-trust": "the daemon's client verifies signatures, and there is none",
  help: "it starts no container",
  "io-maxbandwidth": WINDOWS,
  "io-maxiops": WINDOWS,
  isolation: WINDOWS,
  name: "the agent names its containers",
  platform: "images are pulled for the platform of the agent",
  pull: "force_pull_image says when an image is pulled",
  quiet: FOLLOWS,
  restart: "the scheduler decides about restarts",
  rm: "the agent removes its containers",
  "sig-proxy": FOLLOWS,
  "use-api-socket": "it would hand the daemon's own credentials to the container",
}

/** A parameter of a DockerInfo: an option of `docker run`, and its value. */
export type Parameter = { readonly key: string; readonly value: string }

/** The long name of an option. */
export function optionName(key: string): string {
  const name = key.replace(/^-+/, "")
  return SHORT[name] ?? name
}

/**
 * Applies one parameter of a DockerInfo, an option of `docker run`. Refused when it is not known,
 * its value is malformed, or it would take the container out of the agent's hands.
 */
export function applyParameter(draft: Draft, { key, value }: Parameter): Result<void, string> {
  const name = optionName(key)
  const reason = REFUSED[name]
  if (reason !== undefined) return err(`Docker parameter '${key}' cannot be used: ${reason}`)
  const apply = PARAMETERS[name]
  if (apply === undefined) return err(`Docker parameter '${key}' is not supported`)
  const problem = apply(draft, value)
  return problem === undefined
    ? ok(undefined)
    : err(`Docker parameter '${key}' ${problem}, not '${value}'`)
}
