import type {
  ContainerInfo,
  LinuxInfo,
  NetworkInfo,
  Parameter,
  Volume as MesosVolume,
} from "#lib/mesos/index.ts"
import type { App, Container, Network, PortMapping, Volume } from "#lib/marathon/model/index.ts"
import { csiVolume } from "./csi-volume.ts"
import { labelsOf } from "./labels.ts"

/** The ports of one task: what each port declaration got on the host and inside the container. */
export type TaskPorts = {
  readonly hostPorts: readonly (number | null)[]
  readonly containerPorts: readonly number[]
}

/** The container of a task, or undefined when a plain process on the agent's network will do. */
export function containerInfoOf(
  app: App,
  options: {
    readonly taskId: string
    readonly ports: TaskPorts
    readonly bridgeName: string
  },
): ContainerInfo | undefined {
  const { container } = app
  const joinsNetwork = app.networks.some((network) => network.mode !== "host")
  if (container === undefined && !joinsNetwork && app.tty !== true) return undefined
  if (container?.type === "DOCKER") return dockerContainer(app, container, options)
  return mesosContainer(app, container, options)
}

type Options = Parameters<typeof containerInfoOf>[1]

function dockerContainer(app: App, container: Container, options: Options): ContainerInfo {
  const { docker } = container
  const [network] = app.networks
  const mode = network?.mode ?? "host"
  const dockerNetwork = { host: "HOST", "container/bridge": "BRIDGE", container: "USER" } as const
  const parameters: Parameter[] = [
    ...(docker?.parameters ?? []),
    { key: "label", value: `MESOS_TASK_ID=${options.taskId}` },
  ]
  return {
    type: "DOCKER",
    docker: {
      image: docker?.image ?? "",
      network: dockerNetwork[mode],
      portMappings: mode === "host" ? undefined : portMappings(container, options.ports),
      privileged: docker?.privileged ?? false,
      parameters,
      forcePullImage: docker?.forcePullImage ?? false,
    },
    networkInfos:
      mode === "container" && network !== undefined ? [networkInfo(network)] : undefined,
    volumes: volumesOf(app, container),
    ttyInfo: app.tty === true ? {} : undefined,
  }
}

function mesosContainer(
  app: App,
  container: Container | undefined,
  options: Options,
): ContainerInfo {
  const { docker } = container ?? {}
  const pull = docker?.pullConfig?.secret
  const config =
    pull === undefined
      ? undefined
      : ({ type: "REFERENCE", reference: { name: app.secrets[pull]?.source ?? pull } } as const)
  const networkInfos = app.networks
    .filter((network) => network.mode !== "host")
    .map((network) => ({
      ...networkInfo(network, options.bridgeName),
      portMappings: portMappings(container, options.ports, network.name),
    }))
  return {
    type: "MESOS",
    mesos:
      docker === undefined
        ? {}
        : {
            image: {
              type: "DOCKER",
              docker: { name: docker.image, config },
              cached: !docker.forcePullImage,
            },
          },
    networkInfos: networkInfos.length > 0 ? networkInfos : undefined,
    volumes: container === undefined ? undefined : volumesOf(app, container),
    linuxInfo: linuxInfoOf(container),
    ttyInfo: app.tty === true ? {} : undefined,
  }
}

const networkInfo = (network: Network, bridgeName?: string): NetworkInfo => ({
  name: network.mode === "container/bridge" ? bridgeName : network.name,
  labels: labelsOf(network.labels),
})

// Only mappings with a host port are published; with several networks, each to the one it names.
function portMappings(
  container: Container | undefined,
  ports: TaskPorts,
  networkName?: string,
): readonly { hostPort: number; containerPort: number; protocol: string }[] {
  const isFor = (mapping: PortMapping): boolean =>
    networkName === undefined ||
    mapping.networkNames.length === 0 ||
    mapping.networkNames.includes(networkName)
  return (container?.portMappings ?? []).flatMap((mapping, index) => {
    const hostPort = ports.hostPorts[index] ?? null
    if (hostPort === null || !isFor(mapping)) return []
    const containerPort = ports.containerPorts[index] ?? hostPort
    return mapping.protocol.split(",").map((protocol) => ({ hostPort, containerPort, protocol }))
  })
}

function volumesOf(app: App, container: Container): readonly MesosVolume[] {
  return container.volumes.flatMap((volume) => mesosVolume(app, volume) ?? [])
}

function mesosVolume(app: App, volume: Volume): MesosVolume | undefined {
  const { containerPath } = volume
  switch (volume.kind) {
    case "host":
      return { containerPath, hostPath: volume.hostPath, mode: volume.mode }
    case "secret":
      return {
        containerPath,
        mode: "RO",
        source: {
          type: "SECRET",
          secret: {
            type: "REFERENCE",
            reference: { name: app.secrets[volume.secret]?.source ?? volume.secret },
          },
        },
      }
    case "external":
      return volume.external.provider === "csi"
        ? csiVolume(volume.containerPath, volume.mode, volume.external)
        : dockerVolume(containerPath, volume.mode, volume.external)
    case "persistent":
      // Comes with the reserved resources, not with the container.
      return undefined
    default:
      return volume satisfies never
  }
}

function dockerVolume(
  containerPath: string,
  mode: "RO" | "RW",
  external: { readonly name: string; readonly options: Readonly<Record<string, string>> },
): MesosVolume {
  const { "dvdi/driver": driver, ...options } = external.options
  const parameter = Object.entries(options).map(([key, value]) => ({
    key: key.startsWith("dvdi/") ? key.slice("dvdi/".length) : key,
    value,
  }))
  return {
    containerPath,
    mode,
    source: {
      type: "DOCKER_VOLUME",
      dockerVolume: { driver, name: external.name, driverOptions: { parameter } },
    },
  }
}

function linuxInfoOf(container: Container | undefined): LinuxInfo | undefined {
  const { linuxInfo } = container ?? {}
  if (linuxInfo === undefined) return undefined
  return {
    seccomp: linuxInfo.seccomp,
    ipcMode: linuxInfo.ipcInfo?.mode,
    shmSize: linuxInfo.ipcInfo?.shmSize,
  }
}
