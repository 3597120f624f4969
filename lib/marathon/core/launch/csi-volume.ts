import type {
  Secret,
  Volume as MesosVolume,
  VolumeSourceCsiVolumeVolumeCapabilityAccessModeMode,
} from "#lib/mesos/index.ts"
import type { CsiOptions } from "#lib/marathon/model/index.ts"

const ACCESS_MODES: readonly VolumeSourceCsiVolumeVolumeCapabilityAccessModeMode[] = [
  "SINGLE_NODE_WRITER",
  "SINGLE_NODE_READER_ONLY",
  "MULTI_NODE_READER_ONLY",
  "MULTI_NODE_SINGLE_WRITER",
  "MULTI_NODE_MULTI_WRITER",
]

/** A volume that a CSI plugin of the agent publishes. */
export function csiVolume(
  containerPath: string,
  mode: "RO" | "RW",
  external: { readonly name: string; readonly options: CsiOptions },
): MesosVolume {
  const { capability, ...options } = external.options
  return {
    containerPath,
    mode,
    source: {
      type: "CSI_VOLUME",
      csiVolume: {
        pluginName: options.pluginName,
        staticProvisioning: {
          volumeId: external.name,
          volumeCapability: {
            ...(capability.accessType === "block"
              ? { block: {} }
              : { mount: { fsType: capability.fsType, mountFlags: capability.mountFlags } }),
            accessMode: {
              mode: ACCESS_MODES.find((one) => one === capability.accessMode) ?? "UNKNOWN",
            },
          },
          nodeStageSecrets: secrets(options.nodeStageSecret),
          nodePublishSecrets: secrets(options.nodePublishSecret),
          volumeContext: options.volumeContext,
        },
      },
    },
  }
}

const secrets = (names: Readonly<Record<string, string>>): Readonly<Record<string, Secret>> =>
  Object.fromEntries(
    Object.entries(names).map(([key, name]) => [key, { type: "REFERENCE", reference: { name } }]),
  )
