import { csvFields } from "./parameter-devices.ts"
import { append, bytesOf, pair, truthOf } from "./parameter-kinds.ts"
import type { Apply } from "./parameter-kinds.ts"

/** The parts of a mount while they are gathered. */
type MountDraft = {
  Type: string
  Target: string
  Source?: string
  ReadOnly?: boolean
  BindOptions?: { Propagation: string }
  VolumeOptions?: {
    NoCopy?: boolean
    Labels?: Record<string, string>
    DriverConfig?: { Name?: string; Options?: Record<string, string> }
  }
  TmpfsOptions?: { SizeBytes?: number; Mode?: number }
}

/** Writes one field of a mount; answers whether its value is one. */
type Field = (mount: MountDraft, value: string) => boolean

const text =
  (write: (mount: MountDraft, value: string) => void): Field =>
  (mount, value) => {
    write(mount, value)
    return value !== ""
  }

const target = text((mount, value) => void (mount.Target = value))
const source = text((mount, value) => void (mount.Source = value))

const readOnly: Field = (mount, value) => {
  const truth = truthOf(value)
  if (truth !== undefined) mount.ReadOnly = truth
  return truth !== undefined
}

const FIELDS: Readonly<Record<string, Field>> = {
  type: text((mount, value) => void (mount.Type = value)),
  target,
  destination: target,
  dst: target,
  source,
  src: source,
  readonly: readOnly,
  ro: readOnly,
  "bind-propagation": text((mount, value) => void (mount.BindOptions = { Propagation: value })),
  "volume-nocopy": (mount, value) => {
    const truth = truthOf(value)
    if (truth !== undefined) mount.VolumeOptions = { ...mount.VolumeOptions, NoCopy: truth }
    return truth !== undefined
  },
  "volume-driver": (mount, value) => {
    const known = mount.VolumeOptions
    const driver = { ...known?.DriverConfig, Name: value }
    mount.VolumeOptions = { ...known, DriverConfig: driver }
    return value !== ""
  },
  "volume-opt": (mount, value) => {
    const [key, content] = pair(value)
    const known = mount.VolumeOptions
    const options = { ...known?.DriverConfig?.Options, [key]: content }
    mount.VolumeOptions = { ...known, DriverConfig: { ...known?.DriverConfig, Options: options } }
    return key !== ""
  },
  "volume-label": (mount, value) => {
    const [key, content] = pair(value)
    const known = mount.VolumeOptions
    mount.VolumeOptions = { ...known, Labels: { ...known?.Labels, [key]: content } }
    return key !== ""
  },
  "tmpfs-size": (mount, value) => {
    const bytes = bytesOf(value)
    if (bytes !== undefined) mount.TmpfsOptions = { ...mount.TmpfsOptions, SizeBytes: bytes }
    return bytes !== undefined
  },
  "tmpfs-mode": (mount, value) => {
    if (!/^[0-7]{1,4}$/.test(value)) return false
    mount.TmpfsOptions = { ...mount.TmpfsOptions, Mode: Number.parseInt(value, 8) }
    return true
  },
}

/** "type=bind,source=/a,target=/b,readonly" and what else a mount may have; a volume by default. */
export const mount: Apply = ({ HostConfig: host }, value) => {
  const draft: MountDraft = { Type: "volume", Target: "" }
  for (const field of csvFields(value)) {
    const [key, content] = pair(field)
    const isRight = FIELDS[key.toLowerCase()]?.(draft, content)
    if (isRight === undefined) return `must not have the field '${key}'`
    if (!isRight) return `must have a proper '${key}'`
  }
  if (draft.Target === "") return "must have a target"
  append(host, "Mounts", draft)
  return undefined
}

/** "/run" or "/run:rw,size=64m". */
export const tmpfs: Apply = ({ HostConfig: host }, value) => {
  const [path = "", ...options] = value.split(":")
  host.Tmpfs = { ...host.Tmpfs, [path]: options.join(":") }
  return undefined
}
