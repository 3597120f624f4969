import type { Constraint } from "./constraint.ts"

/** What a port speaks; "udp,tcp" opens the same number for both. */
export type PortProtocol = "tcp" | "udp" | "udp,tcp"

/** The image of a container and how the engine runs it. */
export type DockerImage = {
  readonly image: string
  readonly forcePullImage: boolean
  readonly privileged: boolean
  /** Passed to the engine's command line as `--key=value`, in order. */
  readonly parameters: readonly { readonly key: string; readonly value: string }[]
  /** Names the secret that holds the registry's credentials. */
  readonly pullConfig?: { readonly secret: string } | undefined
}

/**
 * One port of a container. `hostPort` 0 takes any free port, absent does not publish; `containerPort`
 * 0 becomes the host port. `servicePort` 0 only before the app is stored.
 */
export type PortMapping = {
  readonly containerPort: number
  readonly hostPort?: number | undefined
  readonly servicePort: number
  readonly protocol: PortProtocol
  readonly name?: string | undefined
  readonly labels: Readonly<Record<string, string>>
  /** The container networks the mapping is for; empty means all. */
  readonly networkNames: readonly string[]
}

/** Whether a volume can be written. */
export type VolumeMode = "RO" | "RW"

/** Which kind of disk a persistent volume lives on. */
export type DiskType = "root" | "path" | "mount"

/** A volume of a container; sizes in MiB except `external.size`, which is in GiB. */
export type Volume =
  | {
      readonly kind: "host"
      readonly containerPath: string
      readonly hostPath: string
      readonly mode: VolumeMode
    }
  | {
      readonly kind: "persistent"
      readonly containerPath: string
      readonly mode: VolumeMode
      readonly persistent: {
        readonly type: DiskType
        readonly size: number
        readonly maxSize?: number | undefined
        readonly profileName?: string | undefined
        readonly constraints: readonly Constraint[]
      }
    }
  | {
      readonly kind: "external"
      readonly containerPath: string
      readonly mode: VolumeMode
      readonly external: ExternalVolume
    }
  | { readonly kind: "secret"; readonly containerPath: string; readonly secret: string }

/** A volume that a driver outside the agent provides. */
export type ExternalVolume =
  | {
      readonly provider: "dvdi"
      readonly name: string
      readonly size?: number | undefined
      readonly shared: boolean
      readonly options: Readonly<Record<string, string>>
    }
  | { readonly provider: "csi"; readonly name: string; readonly options: CsiOptions }

/** How a CSI plugin publishes a volume. */
export type CsiOptions = {
  readonly pluginName: string
  readonly capability: {
    readonly accessType: "block" | "mount"
    readonly accessMode: string
    readonly fsType?: string | undefined
    readonly mountFlags: readonly string[]
  }
  readonly nodeStageSecret: Readonly<Record<string, string>>
  readonly nodePublishSecret: Readonly<Record<string, string>>
  readonly volumeContext: Readonly<Record<string, string>>
}

/** Kernel isolation of a container run by Mesos itself. */
export type LinuxInfo = {
  readonly seccomp?:
    | { readonly profileName?: string | undefined; readonly unconfined?: boolean | undefined }
    | undefined
  readonly ipcInfo?:
    | { readonly mode: "PRIVATE" | "SHARE_PARENT"; readonly shmSize?: number | undefined }
    | undefined
}

/** The container of an app: "DOCKER" is run by the Docker engine, "MESOS" by the agent itself. */
export type Container = {
  readonly type: "DOCKER" | "MESOS"
  /** Always present for "DOCKER". */
  readonly docker?: DockerImage | undefined
  /** Empty on the host network. */
  readonly portMappings: readonly PortMapping[]
  readonly volumes: readonly Volume[]
  readonly linuxInfo?: LinuxInfo | undefined
}
