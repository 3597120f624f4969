import { constraintInput } from "./constraint.ts"
import type { ConstraintInput } from "./constraint.ts"
import type {
  DiskType,
  DockerImage,
  LinuxInfo,
  PortMapping,
  PortProtocol,
  VolumeMode,
} from "./container.ts"
import {
  fallback,
  flag,
  integer,
  isObject,
  list,
  map,
  number,
  object,
  optional,
  required,
  text,
  word,
} from "./reader.ts"
import type { Read } from "./reader.ts"

/** A port's protocol as written; both at once in either order. */
export const portProtocol: Read<PortProtocol> = (value, path, problems) =>
  value === "tcp,udp" ? "udp,tcp" : word("tcp", "udp", "udp,tcp")(value, path, problems)

/** A port number, 0 for any. */
export const portNumber = integer({ min: 0, max: 65_535 })

/** What every name of a port, network or VIP label may look like. */
export const portName = text({ minLength: 1 })

const portMapping = object<PortMapping>({
  containerPort: fallback(portNumber, 0),
  hostPort: optional(portNumber),
  servicePort: fallback(portNumber, 0),
  protocol: fallback(portProtocol, "tcp"),
  name: optional(portName),
  labels: fallback(map(text()), {}),
  networkNames: fallback(list(text()), []),
})

/** A container's image as written, with the deprecated members that later become the container's. */
export type DockerInput = DockerImage & {
  readonly network?: "BRIDGE" | "HOST" | "USER" | "NONE" | undefined
  readonly portMappings?: readonly PortMapping[] | undefined
  readonly credential?: unknown
}

const docker = object<DockerInput>({
  image: fallback(text(), ""),
  forcePullImage: fallback(flag, false),
  privileged: fallback(flag, false),
  parameters: fallback(
    list(
      object<{ key: string; value: string }>({ key: required(text()), value: required(text()) }),
    ),
    [],
  ),
  pullConfig: optional(object<{ secret: string }>({ secret: required(text({ minLength: 1 })) })),
  network: optional(word("BRIDGE", "HOST", "USER", "NONE")),
  portMappings: optional(list(portMapping)),
  credential: optional((value: unknown) => value),
})

/** A volume as written: which members are there tells its kind. */
export type VolumeInput = {
  readonly containerPath: string
  readonly mode?: VolumeMode | undefined
  readonly hostPath?: string | undefined
  readonly secret?: string | undefined
  readonly persistent?: PersistentInput | undefined
  readonly external?: ExternalInput | undefined
}

type PersistentInput = {
  readonly type?: DiskType | undefined
  readonly size: number
  readonly maxSize?: number | undefined
  readonly profileName?: string | undefined
  readonly constraints: readonly ConstraintInput[]
}

/** An external volume as written; `options` depend on the provider. */
export type ExternalInput = {
  readonly provider: string
  readonly name: string
  readonly size?: number | undefined
  readonly shared: boolean
  readonly options: Readonly<Record<string, unknown>>
}

const anyObject: Read<Readonly<Record<string, unknown>>> = (value, path, problems) => {
  if (isObject(value)) return value
  problems.add(path, "error.expected.jsobject")
  return undefined
}

const secretVolume = object<VolumeInput>({
  containerPath: required(text({ minLength: 1 })),
  secret: required(text({ minLength: 1 })),
  mode: optional(word("RO", "RW")),
  hostPath: optional(text()),
  persistent: optional(() => undefined),
  external: optional(() => undefined),
})

const dataVolume = object<VolumeInput>({
  containerPath: required(text({ minLength: 1 })),
  secret: optional(text()),
  mode: required(word("RO", "RW")),
  hostPath: optional(text({ minLength: 1 })),
  persistent: optional(
    object<PersistentInput>({
      type: optional(word("root", "path", "mount")),
      size: required(number()),
      maxSize: optional(number()),
      profileName: optional(text({ minLength: 1 })),
      constraints: fallback(list(constraintInput), []),
    }),
  ),
  external: optional(
    object<ExternalInput>({
      provider: required(text({ minLength: 1 })),
      name: required(text({ minLength: 1 })),
      size: optional(integer({ min: 0 })),
      shared: fallback(flag, false),
      options: fallback(anyObject, {}),
    }),
  ),
})

const volume: Read<VolumeInput> = (value, path, problems) =>
  isObject(value) && typeof value["secret"] === "string"
    ? secretVolume(value, path, problems)
    : dataVolume(value, path, problems)

const linuxInfo = object<LinuxInfo>({
  seccomp: optional(
    object<NonNullable<LinuxInfo["seccomp"]>>({
      profileName: optional(text({ minLength: 1 })),
      unconfined: optional(flag),
    }),
  ),
  ipcInfo: optional(
    object<NonNullable<LinuxInfo["ipcInfo"]>>({
      mode: required(word("PRIVATE", "SHARE_PARENT")),
      shmSize: optional(integer({ min: 0 })),
    }),
  ),
})

/** A container as written. */
export type ContainerInput = {
  readonly type: "DOCKER" | "MESOS"
  readonly docker?: DockerInput | undefined
  readonly portMappings?: readonly PortMapping[] | undefined
  readonly volumes: readonly VolumeInput[]
  readonly linuxInfo?: LinuxInfo | undefined
}

/** Reads a container; only types are checked. */
export const containerInput = object<ContainerInput>({
  type: fallback(word("DOCKER", "MESOS"), "DOCKER"),
  docker: optional(docker),
  portMappings: optional(list(portMapping)),
  volumes: fallback(list(volume), []),
  linuxInfo: optional(linuxInfo),
})

const csiOptions = object({
  pluginName: required(text({ minLength: 1 })),
  capability: required(
    object({
      accessType: required(word("block", "mount")),
      accessMode: required(text({ minLength: 1 })),
      fsType: optional(text()),
      mountFlags: fallback(list(text()), []),
    }),
  ),
  nodeStageSecret: fallback(map(text()), {}),
  nodePublishSecret: fallback(map(text()), {}),
  volumeContext: fallback(map(text()), {}),
})

/** Reads the options of a volume, by its provider. */
export const externalOptions = { csi: csiOptions, dvdi: map(text()) }
