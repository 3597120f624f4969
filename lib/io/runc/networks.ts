import { existsSync } from "node:fs"
import type { NetworkInfo } from "#lib/mesos/index.ts"
import type { ContainerId, ContainerSpec } from "#lib/ports/index.ts"
import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"
import { namedNetworks } from "#lib/io/cni/index.ts"
import type { ContainerNetwork, ContainerNetworks } from "#lib/io/cni/index.ts"
import { familyOf } from "./cgroup-tree.ts"
import type { BoundFile } from "./mounts.ts"
import type { SpecNetwork } from "./spec.ts"

/** Files by which machines and containers know themselves and others. */
const FILES = ["/etc/hosts", "/etc/resolv.conf", "/etc/hostname"]

/** What an image on the network of its host takes from there. */
export const hostFiles = (): readonly BoundFile[] =>
  FILES.filter((file) => existsSync(file)).map((file) => ({
    source: file,
    target: file,
    readOnly: true,
  }))

/** Networks that a container uses, and who has joined them. */
type Asked = {
  readonly owner: ContainerId
  readonly networks: readonly NetworkInfo[]
  readonly hostname?: string | undefined
}

/** The networks that a container asks for: for itself, or as one of a group, whose members share them. */
export function askedNetworks({
  containerId,
  task,
  groupContainer,
}: ContainerSpec): Asked | undefined {
  for (const [owner, container] of [
    [containerId, task.container],
    [familyOf(containerId), groupContainer],
  ] as const) {
    const networks = namedNetworks(container)
    if (networks.length > 0) return { owner, networks, hostname: container?.hostname }
  }
  return undefined
}

/**
 * The network that a container is to run in: undefined for that of its host. The error is a text for
 * people.
 */
export async function joinNetworks(
  networks: ContainerNetworks | undefined,
  spec: ContainerSpec,
  signal: AbortSignal,
): Promise<Result<SpecNetwork | undefined, string>> {
  const asked = askedNetworks(spec)
  if (asked === undefined) return ok(await inherited(networks, spec))
  if (networks === undefined)
    return err(`container network '${asked.networks[0]?.name}' is not known: this agent has none`)
  const { owner, hostname = owner.slice(owner.lastIndexOf(".") + 1) } = asked
  const joined = await networks.join({ ...asked, holder: spec.containerId, hostname }, signal)
  if (!joined.ok) return joined
  return ok(specNetwork(spec, joined.value, joined.value.hostname))
}

/**
 * The container's environment in a network: there the address that its executor tells of is its own.
 * Source: apache/mesos: docs/mesos-containerizer.md (MESOS_CONTAINER_IP).
 */
export function withAddress(spec: ContainerSpec, network: SpecNetwork | undefined): ContainerSpec {
  const name = "MESOS_CONTAINER_IP"
  const { environment } = spec
  if (network?.address === undefined || environment[name] === undefined) return spec
  return { ...spec, environment: { ...environment, [name]: network.address } }
}

/** The networks that a container is in: its own, or those of the nearest that it lives in. */
export async function networkOfContainer(
  networks: ContainerNetworks | undefined,
  containerId: ContainerId,
): Promise<ContainerNetwork | undefined> {
  if (networks === undefined) return undefined
  for (
    let id: string = containerId;
    id !== "";
    id = id.slice(0, Math.max(0, id.lastIndexOf(".")))
  ) {
    const found = await networks.find(id as ContainerId)
    if (found !== undefined) return found
  }
  return undefined
}

async function inherited(
  networks: ContainerNetworks | undefined,
  spec: ContainerSpec,
): Promise<SpecNetwork | undefined> {
  if (spec.parent === undefined) return undefined
  const found = await networkOfContainer(networks, spec.containerId)
  return found && specNetwork(spec, found, spec.task.container?.hostname)
}

const specNetwork = (
  spec: ContainerSpec,
  network: ContainerNetwork,
  hostname: string | undefined,
): SpecNetwork => ({
  namespace: network.namespace,
  address: network.networkInfos.flatMap(({ ipAddresses = [] }) => ipAddresses)[0]?.ipAddress,
  hostname,
  files: filesOf(spec, network),
})

/** On the machine's own root only what is there can be covered: making a file would change the machine. */
const filesOf = ({ task }: ContainerSpec, { files }: ContainerNetwork): readonly BoundFile[] =>
  task.container?.mesos?.image === undefined
    ? files.filter(({ target }) => existsSync(target))
    : files
