import type { ContainerId as MesosContainerId, ContainerStatus } from "#lib/mesos/index.ts"
import type { ContainerId } from "#lib/ports/index.ts"

/** The API's form of a container id: "root.child" is a child that names its parent. */
export function mesosContainerId(containerId: ContainerId): MesosContainerId {
  let id: MesosContainerId | undefined
  for (const value of containerId.split("."))
    id = id === undefined ? { value } : { value, parent: id }
  return id ?? { value: containerId }
}

/** The status of a container on the network of its host. */
export const hostNetworkStatus = (
  containerId: ContainerId,
  options: { readonly address: string; readonly pid: number },
): ContainerStatus => ({
  containerId: mesosContainerId(containerId),
  networkInfos: [{ ipAddresses: [ipAddress(options.address)] }],
  executorPid: options.pid,
})

/** An address as the API shows it, with its protocol. */
export const ipAddress = (
  address: string,
): { readonly protocol: "IPv4" | "IPv6"; readonly ipAddress: string } => ({
  protocol: address.includes(":") ? "IPv6" : "IPv4",
  ipAddress: address,
})
