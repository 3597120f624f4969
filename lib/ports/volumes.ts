import type { Secret, VolumeSourceCsiVolume } from "#lib/mesos/index.ts"
import type { Result } from "#lib/std/result.ts"
import type { ContainerId, ContainerMount, ContainerSpec } from "./containers.ts"

/** Where a volume comes from, as the agent has decided it. Paths are absolute, on this machine. */
export type VolumeSourceOrder =
  /** A path of the operator's, which must exist. */
  | {
      readonly kind: "hostPath"
      readonly path: string
      readonly propagation?: "hostToContainer" | "bidirectional" | undefined
    }
  /** A directory below a sandbox, made if it is missing; `path` is relative to `base`. */
  | { readonly kind: "sandboxPath"; readonly base: string; readonly path: string }
  /**
   * The data of a persistent volume; given to the task's user, unless tasks share it and one of them
   * runs. `isMount`: the path is a disk of its own, which must be there. One `ofParent` is the
   * executor's, whose tasks find it in its sandbox: it is made ready, and not mounted.
   */
  | {
      readonly kind: "persistent"
      readonly path: string
      readonly isMount: boolean
      readonly shared: boolean
      readonly ofParent?: boolean | undefined
    }
  | {
      readonly kind: "dockerVolume"
      /** The plugin; the default driver where it is absent. */
      readonly driver?: string | undefined
      readonly name: string
      readonly options: Readonly<Record<string, string>>
    }
  | { readonly kind: "secret"; readonly secret: Secret }
  | { readonly kind: "csi"; readonly volume: VolumeSourceCsiVolume }

/** One volume of a container. */
export type VolumeOrder = {
  /** As the container sees it: absolute, or relative to its sandbox, without "..". */
  readonly containerPath: string
  readonly readOnly: boolean
  readonly source: VolumeSourceOrder
}

/** What to make ready for a container before it is launched. */
export type VolumesRequest = {
  /** The container, whose sandbox exists. */
  readonly spec: ContainerSpec
  readonly volumes: readonly VolumeOrder[]
  /** Environment variables whose values are secrets, by name. */
  readonly secretEnvironment: Readonly<Record<string, Secret>>
  readonly signal: AbortSignal
}

/** What a container is launched with beyond its spec; neither is stored. */
export type PreparedVolumes = {
  readonly mounts: readonly ContainerMount[]
  readonly environment: Readonly<Record<string, string>>
}

/** Why volumes are not ready: a text that names the volume, the cause and the remedy. */
export type VolumesFailure = { readonly message: string }

/**
 * The volumes and secrets of containers. What `prepare` took is held until `release`, however often
 * the agent restarts between the two; a volume that several containers use is let go with the last.
 */
export interface Volumes {
  /** Makes volumes ready, in their order. May be repeated; what a failure leaves, `release` takes. */
  prepare(request: VolumesRequest): Promise<Result<PreparedVolumes, VolumesFailure>>
  /** Makes more volumes ready, for a container that was prepared and runs; those it has may be among them. */
  extend(
    request: Omit<VolumesRequest, "secretEnvironment">,
  ): Promise<Result<Pick<PreparedVolumes, "mounts">, VolumesFailure>>
  /** The secret variables of a container that was prepared, for commands that run beside it. */
  environment(containerId: ContainerId): Promise<Readonly<Record<string, string>>>
  /** Lets go of what the container holds; harmless when repeated. Goes on by itself where it fails. */
  release(containerId: ContainerId): Promise<void>
  /** A new life of the agent begins: lets go of what containers hold that are not known. */
  recover(known: ReadonlySet<ContainerId>): Promise<void>
}

/** Gives the value of a secret that is named rather than told. */
export interface SecretResolver {
  /** The bytes of the secret, or a text for people that says why not. */
  resolve(secret: Secret, signal: AbortSignal): Promise<Result<Uint8Array, string>>
}
