import { existsSync } from "node:fs"
import { readFile, writeFile } from "node:fs/promises"
import { totalmem } from "node:os"
import { normalize } from "node:path"
import type { ContainerFailure, ContainerSpec } from "#lib/ports/index.ts"
import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"
import { gpuDevices } from "#lib/io/gpu/devices.ts"
import type { ContainerNetworks } from "#lib/io/cni/index.ts"
import { abortable } from "#lib/io/host/abortable.ts"
import type { Accounts } from "#lib/io/host/accounts.ts"
import { openLog } from "#lib/io/host/open-log.ts"
import { isAlive, readStat } from "#lib/io/host/proc.ts"
import { signalNumber } from "#lib/io/host/wait-status.ts"
import type { CgroupTree } from "./cgroup-tree.ts"
import { decideStart, startConmon, startContainer } from "./conmon.ts"
import type { RuncTools } from "./conmon.ts"
import type { DeviceAccess } from "./devices.ts"
import { deviceAt } from "./find-device.ts"
import { encodeSpec } from "./encode-spec.ts"
import { versionTwoLimits } from "./limits.ts"
import type { OciSpec, OciUser } from "./oci.ts"
import { hostFiles, joinNetworks, withAddress } from "./networks.ts"
import type { NetClsHandles } from "./net-cls.ts"
import type { RuncRecords } from "./records.ts"
import type { ContainerRoots, PreparedRoot } from "./roots.ts"
import { seccompOf } from "./seccomp-profile.ts"
import type { RuncSettings } from "./settings.ts"
import type { GroupMemory } from "./shared-memory.ts"
import { ociSpec } from "./spec.ts"
import { startInTerminal } from "./terminal.ts"
import { groupsOf, imageUser } from "./users.ts"
import { taskLimits } from "#lib/io/host/task-limits.ts"

const SIGTERM = 15

/** What launching needs. */
export type LaunchParts = {
  readonly tools: RuncTools
  readonly records: RuncRecords
  readonly cgroups: CgroupTree
  readonly roots: ContainerRoots
  readonly accounts: Accounts
  readonly settings: RuncSettings
  readonly netCls: NetClsHandles
  readonly networks: ContainerNetworks | undefined
  readonly memory: GroupMemory
}

/** How a launch is given up, and who hears that nothing but the container's processes is missing. */
type LaunchProgress = {
  readonly signal: AbortSignal
  readonly onPrepared?: (() => void) | undefined
}

/** A failure before or while the container was made, with the text to report. */
class LaunchError extends Error {}

/**
 * Makes a container and lets it run: its records exist. Returns the pid of its first process; throws
 * with a text for people when it cannot, after which nothing of it runs once it was destroyed.
 */
export async function launchContainer(
  parts: LaunchParts,
  spec: ContainerSpec,
  { signal, onPrepared }: LaunchProgress,
): Promise<Result<number, ContainerFailure>> {
  const { records, roots } = parts
  const bundle = records.bundle(spec.containerId)
  const prepared = await abortable(roots.prepare(spec, bundle, signal), signal)
  if (!prepared.ok) return prepared
  const { root } = prepared.value
  const user = await userOf(parts, spec, prepared.value)
  const joined = await joinNetworks(parts.networks, spec, signal)
  if (!joined.ok) return failure(joined.error)
  const seccomp = seccompOf(spec, parts.settings)
  if (!seccomp.ok) return failure(`the task cannot be run: ${seccomp.error}`)
  const config = ociSpec({
    spec: withAddress(spec, joined.value),
    network: joined.value,
    memory: await parts.memory.of(spec, (id) => records.bundle(id)),
    settings: parts.settings,
    root,
    user,
    cgroupsPath: parts.cgroups.processesPath(spec.containerId),
    cgroupVersion: parts.cgroups.version,
    parentPid: await parentPid(parts, spec),
    devices: gpuDevices(spec.gpus).map(gpuAccess),
    seccomp: seccomp.value,
    netClsId: parts.netCls.take(spec),
    hostFiles: hostFiles(),
    machineBytes: totalmem(),
  })
  if (!config.ok) return failure(`the task cannot be run: ${config.error}`)
  const problem = mountPointProblem(spec, prepared.value)
  if (problem !== undefined) return failure(problem)
  await writeFile(`${bundle}/config.json`, encodeSpec(config.value), { mode: 0o600 })
  const stopSignal = root.kind === "image" ? root.config.stopSignal : undefined
  records.writeLaunch(spec.containerId, {
    layers: prepared.value.layers,
    stopSignal: signalNumber(stopSignal ?? "") ?? SIGTERM,
    protectedInit: config.value.linux.namespaces.some(
      ({ type, path }) => type === "pid" && path === undefined,
    ),
  })
  parts.cgroups.prepare(
    spec.containerId,
    versionTwoLimits(taskLimits(spec.task, parts.settings), parts.settings.pidsLimit),
  )
  if (signal.aborted) throw new LaunchError("the launch was given up")
  onPrepared?.()
  const pid = await make(parts, spec, { config: config.value, signal })
  const secrets = secretNames(spec)
  if (secrets.size > 0)
    await writeFile(`${bundle}/config.json`, encodeSpec(withoutVariables(config.value, secrets)))
  return ok(pid)
}

/** Variables whose values the task alone may know: runc has read them, and nobody else needs them. */
const secretNames = ({ task }: ContainerSpec): ReadonlySet<string> =>
  new Set(
    (task.command?.environment?.variables ?? [])
      .filter(({ type }) => type === "SECRET")
      .map(({ name }) => name),
  )

function withoutVariables(config: OciSpec, names: ReadonlySet<string>): OciSpec {
  const env = config.process.env.filter((each) => !names.has(each.slice(0, each.indexOf("="))))
  return { ...config, process: { ...config.process, env } }
}

function gpuAccess(path: string): DeviceAccess {
  const found = deviceAt(path, "rw")
  if (!found.ok) throw new LaunchError(`the container's GPU cannot be given to it: ${found.error}`)
  return found.value
}

async function make(
  { tools, records }: LaunchParts,
  spec: ContainerSpec,
  { config, signal }: { readonly config: OciSpec; readonly signal: AbortSignal },
): Promise<number> {
  const { containerId, sandbox } = spec
  const { uid, gid } = config.process.user
  using stdout = openLog(`${sandbox}/stdout`, { uid, gid })
  using stderr = openLog(`${sandbox}/stderr`, { uid, gid })
  const common = { tools, containerId, stdout: stdout.fd, stderr: stderr.fd }
  const size = spec.task.container?.ttyInfo?.windowSize
  const made = config.process.terminal
    ? await startInTerminal({ ...common, records, size })
    : await startConmon({
        ...common,
        bundle: records.bundle(containerId),
        stateDir: records.stateDir,
        more: ["--exit-dir", records.endedDir, "--log-path", "passthrough"],
      })
  if (!made.ok) {
    const why = [await records.complaint(containerId), made.error].find((text) => text !== "")
    throw new LaunchError(why ?? "runc failed without a word")
  }
  if (signal.aborted) throw new LaunchError("the launch was given up")
  if (config.process.terminal) return made.value
  const init = readStat(made.value)
  if (!decideStart(records.stateDir, containerId, { never: false }))
    throw new LaunchError("it was started or given up by somebody else")
  const first = { pid: made.value, isAlive: () => init !== undefined && isAlive(init) }
  if (!(await startContainer(records.stateDir, containerId, first)))
    throw new LaunchError(
      (await records.complaint(containerId)) || "its first process ended before it was started",
    )
  return made.value
}

async function userOf(
  { accounts }: LaunchParts,
  spec: ContainerSpec,
  { root, accounts: files }: PreparedRoot,
): Promise<OciUser> {
  if (spec.user !== undefined && spec.user !== "") {
    const user = await hostUser(accounts, spec.user)
    if (user !== undefined) return user
    throw new LaunchError(
      `user '${spec.user}' does not exist on the agent: create it, or name another user`,
    )
  }
  const named = root.kind === "image" ? root.config.user : undefined
  if (named === undefined || named === "" || files === undefined)
    return { uid: 0, gid: 0, additionalGids: [] }
  const user = imageUser(named, files)
  if (user === undefined)
    throw new LaunchError(`the image's user '${named}' is not in its /etc/passwd and /etc/group`)
  return user
}

/** Numbers of an account of this machine; undefined when there is none of that name. */
export async function hostUser(accounts: Accounts, user: string): Promise<OciUser | undefined> {
  const account = await accounts.find(user)
  if (account === undefined) return undefined
  const group = await readFile("/etc/group", "utf8").catch(() => "")
  const { uid, gid, name } = account
  return { uid, gid, additionalGids: groupsOf(group, name) }
}

/** The first process of the container that this one lives in, where that is one of ours. */
async function parentPid(
  { cgroups, records }: LaunchParts,
  { parent }: ContainerSpec,
): Promise<number | undefined> {
  if (parent === undefined) return undefined
  const pid = await records.pid(parent)
  return pid !== undefined && cgroups.holds(parent, pid) ? pid : undefined
}

/**
 * What is wrong with the place of a volume. On the machine's own root a mount point must be there: making
 * one would change the machine.
 */
function mountPointProblem(
  { mounts = [] }: ContainerSpec,
  { root }: PreparedRoot,
): string | undefined {
  for (const { target } of mounts.filter((mount) => mount.target.startsWith("/"))) {
    const what = `the container path '${target}' of a volume`
    if (normalize(`${target}/`) === "/")
      return `${what} is the root of the container, which nothing may hide: name a directory in it`
    if (root.kind === "host" && !existsSync(target))
      return `${what} does not exist on the agent: a task without an image needs it there`
  }
  return undefined
}

const failure = (message: string): Result<never, ContainerFailure> =>
  err({ reason: "REASON_CONTAINER_LAUNCH_FAILED", message })
