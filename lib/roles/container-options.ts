import {
  ALL_CAPABILITIES,
  deviceAccess,
  parseDefaultRegistry,
  parseGcConfig,
  readProfile,
  swapProblem,
  type DeviceAccess,
  type RuncSettings,
} from "#lib/io/index.ts"
import type { ContainerOptions, ImageOptions } from "./agent-runtimes.ts"
import type { AgentSettings } from "./agent-options.ts"
import { parseDefaultDns } from "./container-dns.ts"
import type { Isolation } from "./isolation.ts"

const CONTAINERIZERS = ["mesos", "docker"]

/** What runs containers, by the agent's settings. Throws a `SettingError` for a wrong value. */
export function containerOptions(
  settings: AgentSettings,
  { launcher, noNewPrivileges, netCls }: Pick<Isolation, "launcher" | "noNewPrivileges" | "netCls">,
): ContainerOptions {
  const containerizers = settings.list("containerizers") ?? []
  const unknown = containerizers.find((name) => !CONTAINERIZERS.includes(name))
  if (unknown !== undefined)
    settings.refuse("containerizers", `'${unknown}' is none of ${CONTAINERIZERS.join(", ")}`)
  if (!containerizers.includes("mesos"))
    settings.refuse("containerizers", "must name mesos, which runs tasks without a container")
  return {
    docker: containerizers.includes("docker"),
    dockerConfig: settings.text("dockerConfig"),
    dockerContainers: {
      killOrphans: settings.on("dockerKillOrphans"),
      removeDelayMs: settings.duration("dockerRemoveDelay"),
    },
    launcher,
    runc: { ...runcSettings(settings), noNewPrivileges, netCls },
    images: imageOptions(settings),
    ...networkOptions(settings),
  }
}

function networkOptions(settings: AgentSettings): Pick<ContainerOptions, "networks" | "dockerDns"> {
  const key = "networkCniPluginsDir"
  const pluginDirectories = settings
    .required(key)
    .split(":")
    .filter((path) => path !== "")
  const relative = pluginDirectories.find((path) => !path.startsWith("/"))
  if (relative !== undefined) settings.refuse(key, `'${relative}' must be an absolute path`)
  const dns = settings.json("defaultContainerDns")
  const parsed = parseDefaultDns(dns ?? {})
  if (!parsed.ok) return settings.refuse("defaultContainerDns", parsed.error)
  const configDirectory = settings.text("networkCniConfigDir")
  const { mesos, docker } = parsed.value
  return { networks: { configDirectory, pluginDirectories, dns: mesos }, dockerDns: docker }
}

function runcSettings(settings: AgentSettings): Partial<RuncSettings> {
  const effective = capabilities(settings, "effectiveCapabilities")
  const backend = settings.oneOf("imageProvisionerBackend", ["overlay", "bind"])
  const cgroupsRoot = settings.required("cgroupsRoot")
  if (!/^[\w.-]+$/.test(cgroupsRoot) || cgroupsRoot.startsWith("."))
    settings.refuse("cgroupsRoot", "must be one name, of letters, digits, '.', '_' and '-'")
  return {
    cgroupsRoot,
    enableCfs: settings.on("cgroupsEnableCfs"),
    limitSwap: swapLimit(settings),
    sandboxDirectory: sandboxDirectory(settings),
    readOnlyRoots: backend === "bind",
    ...shmSize(settings),
    ...seccompSettings(settings),
    ...(effective === undefined ? {} : { effectiveCapabilities: effective }),
    boundingCapabilities: capabilities(settings, "boundingCapabilities"),
    allowedDevices: allowedDevices(settings),
    disallowSharingAgentPid: settings.on("disallowSharingAgentPidNamespace"),
    disallowSharingAgentIpc: settings.on("disallowSharingAgentIpcNamespace"),
    pidsLimit: settings.count("containerPidsLimit", 1, 4_194_304),
  }
}

/** Whether memory and swap are limited together, which the kernel must be able to. */
function swapLimit(settings: AgentSettings): boolean {
  const on = settings.on("cgroupsLimitSwap")
  const problem = on ? swapProblem() : undefined
  return problem === undefined ? on : settings.refuse("cgroupsLimitSwap", problem)
}

function sandboxDirectory(settings: AgentSettings): string {
  const path = settings.required("sandboxDirectory")
  return /^(?:\/(?!\.{1,2}(?:\/|$))[^/:,\0]+)+$/.test(path)
    ? path
    : settings.refuse(
        "sandboxDirectory",
        "must be an absolute path, without ':', ',', '.' and '..'",
      )
}

/** Whole MiB, as tasks ask for it too. */
function shmSize(settings: AgentSettings): Pick<RuncSettings, "defaultShmSizeMib"> {
  const key = "defaultContainerShmSize"
  if (settings.text(key) === undefined) return {}
  const mib = Math.ceil(settings.bytes(key) / 2 ** 20)
  return mib > 0 ? { defaultShmSizeMib: mib } : settings.refuse(key, "must be more than nothing")
}

/** Profiles of system calls; the operator's own must be one. */
function seccompSettings(settings: AgentSettings): Partial<RuncSettings> {
  const seccompConfigDir = settings.text("seccompConfigDir")
  const seccompProfileName = settings.text("seccompProfileName")
  if (seccompProfileName !== undefined) {
    if (seccompConfigDir === undefined)
      return settings.refuse("seccompProfileName", "needs --seccomp-config-dir, where it lies")
    const profile = readProfile(seccompConfigDir, seccompProfileName)
    if (!profile.ok) return settings.refuse("seccompProfileName", profile.error)
  }
  return { seccompConfigDir, seccompProfileName }
}

function capabilities(
  settings: AgentSettings,
  key: "effectiveCapabilities" | "boundingCapabilities",
): readonly string[] | undefined {
  const value = settings.json(key)
  if (value === undefined) return undefined
  const names = listOf(value, "capabilities")
  if (names === undefined) return settings.refuse(key, 'must be {"capabilities":["CHOWN", …]}')
  const texts = names.map(String)
  const unknown = texts.find((name) => !ALL_CAPABILITIES.includes(name))
  return unknown === undefined ? texts : settings.refuse(key, `'${unknown}' is no capability`)
}

function allowedDevices(settings: AgentSettings): readonly DeviceAccess[] {
  const key = "allowedDevices"
  const value = settings.json(key)
  if (value === undefined) return []
  const entries =
    listOf(value, "allowed_devices") ??
    settings.refuse(
      key,
      'must be {"allowed_devices":[{"device":{"path":"/dev/fuse"},"access":{}}]}',
    )
  return entries.map((entry) => {
    const device = deviceAccess(entry)
    return device.ok ? device.value : settings.refuse(key, device.error)
  })
}

function imageOptions(settings: AgentSettings): ImageOptions | undefined {
  const providers = settings.list("imageProviders") ?? []
  const unknown = providers.find((name) => name !== "docker")
  if (unknown !== undefined)
    settings.refuse("imageProviders", `'${unknown}' is not supported: docker is`)
  if (providers.length === 0) return undefined
  const registry = parseDefaultRegistry(settings.required("dockerRegistry"))
  if (!registry.ok) return settings.refuse("dockerRegistry", registry.error)
  const { registry: from, isPlain } = registry.value
  const gcText = settings.text("imageGcConfig")
  const gc = gcText === undefined ? undefined : parseGcConfig(gcText)
  if (gc?.ok === false) return settings.refuse("imageGcConfig", gc.error)
  return {
    directory: settings.text("dockerStoreDir"),
    registry: from,
    plainRegistries: isPlain && from.kind === "registry" ? [from.registry] : [],
    gc: gc?.value,
  }
}

function listOf(value: unknown, key: string): readonly unknown[] | undefined {
  if (typeof value !== "object" || value === null) return undefined
  const list: unknown = Object.entries(value).find(([name]) => name === key)?.[1]
  return Array.isArray(list) ? list : undefined
}
