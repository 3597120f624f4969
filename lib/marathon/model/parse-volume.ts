import { externalOptions } from "./container-input.ts"
import type { ExternalInput, VolumeInput } from "./container-input.ts"
import { parseConstraint } from "./constraint.ts"
import type { ExternalVolume, Volume } from "./container.ts"
import type { Problems } from "./reader.ts"

/** Tells the kinds of volumes apart, noting at "<path>(<i>)" those that are none or several. */
export function parseVolumes(
  inputs: readonly VolumeInput[],
  path: string,
  problems: Problems,
): readonly Volume[] {
  return inputs.flatMap((input, i) => {
    const volume = volumeOf(input, `${path}(${i})`, problems)
    return volume === undefined ? [] : [volume]
  })
}

function volumeOf(input: VolumeInput, path: string, problems: Problems): Volume | undefined {
  const { containerPath, hostPath, secret, persistent, external } = input
  const mode = input.mode ?? "RW"
  const kinds = [hostPath, secret, persistent, external].filter((kind) => kind !== undefined)
  if (kinds.length !== 1) {
    problems.add(path, "must have exactly one of hostPath, persistent, external and secret")
    return undefined
  }
  if (secret !== undefined) return { kind: "secret", containerPath, secret }
  if (hostPath !== undefined) return { kind: "host", containerPath, hostPath, mode }
  if (persistent !== undefined) return persistentOf(input, persistent, { path, problems })
  if (external === undefined) return undefined
  const found = externalOf(external, `${path}/external`, problems)
  return found && { kind: "external", containerPath, mode, external: found }
}

type Place = { readonly path: string; readonly problems: Problems }

function persistentOf(
  { containerPath, mode }: VolumeInput,
  input: NonNullable<VolumeInput["persistent"]>,
  { path, problems }: Place,
): Volume {
  const { type, constraints, ...sizes } = input
  return {
    kind: "persistent",
    containerPath,
    mode: mode ?? "RW",
    persistent: {
      ...sizes,
      // A disk profile stands for a whole disk.
      type: type ?? (input.profileName === undefined ? "root" : "mount"),
      constraints: constraints.flatMap((constraint, i) => {
        const at = `${path}/persistent/constraints(${i})`
        const parsed = parseConstraint(constraint, at, problems)
        return parsed === undefined ? [] : [parsed]
      }),
    },
  }
}

function externalOf(
  input: ExternalInput,
  path: string,
  problems: Problems,
): ExternalVolume | undefined {
  const { name, size, shared } = input
  switch (input.provider) {
    case "dvdi": {
      const options = externalOptions.dvdi(input.options, `${path}/options`, problems)
      if (options === undefined) return undefined
      return { provider: "dvdi", name, shared, options, ...(size === undefined ? {} : { size }) }
    }
    case "csi": {
      const options = externalOptions.csi(input.options, `${path}/options`, problems)
      return options && { provider: "csi", name, options }
    }
    default:
      problems.add(`${path}/provider`, "is unknown provider")
      return undefined
  }
}
