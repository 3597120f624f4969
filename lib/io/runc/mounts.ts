import type { ContainerMount, ImageConfig } from "#lib/ports/index.ts"
import type { OciMount } from "./oci.ts"

/** Where an image sees its sandbox. Source: apache/mesos: src/slave/flags.cpp (sandbox_directory). */
export const SANDBOX_DIRECTORY = "/mnt/mesos/sandbox"

/** The file system that a container sees. */
export type ContainerRoot =
  /** That of the machine, as it is. */
  | { readonly kind: "host" }
  | {
      readonly kind: "image"
      readonly config: ImageConfig
      /** Layer directories for overlayfs, the uppermost first. */
      readonly layers: readonly string[]
      /** Where what the container writes lies, and a directory beside it for overlayfs' own use. */
      readonly upper: string
      readonly work: string
      /** Directories that the image wants to be volumes and does not have; they go with the container. */
      readonly volumes: readonly { readonly source: string; readonly target: string }[]
      /** Volumes that are images. */
      readonly images?: readonly ImageVolume[] | undefined
    }

/** An image that a container sees at a path of its own. */
export type ImageVolume = {
  /** As the container sees it: absolute, or relative to its sandbox. */
  readonly target: string
  readonly readOnly: boolean
  /** As of the root: layers, and where what is written lies. */
  readonly layers: readonly string[]
  readonly upper: string
  readonly work: string
}

/** What mounts are made of. */
export type MountInput = {
  readonly root: ContainerRoot
  readonly sandbox: string
  /** Where an image sees it. */
  readonly sandboxDirectory: string
  readonly mounts: readonly ContainerMount[]
  /** Size of /dev/shm in MiB; the kernel's own default is half the memory. */
  readonly shmSizeMib?: number | undefined
  /** Whether it has a pid namespace that is not the machine's. */
  readonly ownPids: boolean
  /** What /dev/shm is, where it is not the container's own. */
  readonly shm?: string | undefined
  /** Whether its network is not the machine's. */
  readonly ownNetwork: boolean
  /** Files that say who the container is and how names are resolved. */
  readonly files: readonly BoundFile[]
}

/** A file of this machine, and where a container sees it. */
export type BoundFile = {
  readonly source: string
  readonly target: string
  readonly readOnly?: boolean | undefined
}

/** The sandbox as the container sees it. */
export const sandboxPath = (root: ContainerRoot, sandbox: string, inImage: string): string =>
  root.kind === "image" ? inImage : sandbox

/**
 * All mounts of a container, made inside its mount namespace: they go when its last process does, and
 * the machine never sees them. The root is mounted over an empty directory, since runc refuses "/"
 * as a root, and a mount of the machine's own would outlive a crash.
 */
export function mountsOf(input: MountInput): readonly OciMount[] {
  const { root, sandbox, sandboxDirectory } = input
  return [
    rootMount(root),
    ...kernelMounts(input),
    ...deviceMounts(input),
    mount("/sys/fs/cgroup", "cgroup", ["nosuid", "noexec", "nodev", "relatime", "ro"]),
    ...(root.kind === "image"
      ? [
          ...root.volumes.map(({ source, target }) => bind(source, target, ["rw"])),
          bind(sandbox, sandboxDirectory, ["rw"]),
          ...(root.images ?? []).map((each) => imageMount(each, sandboxDirectory)),
        ]
      : []),
    ...input.files.map(({ source, target, readOnly }) =>
      bind(source, target, [readOnly ? "ro" : "rw"]),
    ),
    // One within another comes after it, whatever their order: else it would not be seen.
    ...input.mounts
      .map((each) => volumeMount(each, sandboxPath(root, sandbox, sandboxDirectory)))
      .toSorted((a, b) => depth(a.destination) - depth(b.destination)),
  ]
}

function imageMount({ target, readOnly, ...layers }: ImageVolume, sandbox: string): OciMount {
  const destination = target.startsWith("/") ? target : `${sandbox}/${target}`
  return overlay(destination, layers, [readOnly ? "ro" : "rw"])
}

function rootMount(root: ContainerRoot): OciMount {
  if (root.kind === "host")
    return { destination: "/", type: "bind", source: "/", options: ["rbind", "rslave"] }
  return overlay("/", root)
}

type Layers = Pick<ImageVolume, "layers" | "upper" | "work">

const overlay = (
  destination: string,
  { layers, upper, work }: Layers,
  more: readonly string[] = [],
): OciMount => ({
  destination,
  type: "overlay",
  source: "overlay",
  options: [`lowerdir=${layers.join(":")}`, `upperdir=${upper}`, `workdir=${work}`, ...more],
})

/** The kernel refuses to mount its file systems over themselves: on the machine's root they are bound. */
function kernelMounts({ root, ownPids, ownNetwork }: MountInput): readonly OciMount[] {
  const sealed = ["nosuid", "noexec", "nodev"]
  return [
    root.kind === "host" && !ownPids
      ? bind("/proc", "/proc", ["rw"])
      : mount("/proc", "proc", sealed),
    // That of another network is another file system, with that network's interfaces.
    root.kind === "host" && !ownNetwork
      ? bind("/sys", "/sys", ["ro", ...sealed])
      : mount("/sys", "sysfs", ["ro", ...sealed]),
  ]
}

/** Group 5 is that of terminals in every distribution. */
const PTS_OPTIONS = ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]

/** A /dev of the container's own: what runc makes there must not be made in that of the machine. */
function deviceMounts({ shm, shmSizeMib }: MountInput): readonly OciMount[] {
  const size = shmSizeMib === undefined ? [] : [`size=${shmSizeMib}m`]
  return [
    mount("/dev", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=65536k"]),
    mount("/dev/pts", "devpts", PTS_OPTIONS),
    mount("/dev/mqueue", "mqueue", ["nosuid", "noexec", "nodev"]),
    shm !== undefined
      ? bind(shm, "/dev/shm", ["rw", "nosuid", "noexec", "nodev"])
      : mount("/dev/shm", "tmpfs", ["nosuid", "noexec", "nodev", "mode=1777", ...size]),
  ]
}

const depth = (path: string): number =>
  path.split("/").filter((part) => part !== "" && part !== ".").length

function volumeMount({ source, target, readOnly, propagation }: ContainerMount, sandbox: string) {
  const destination = target.startsWith("/") ? target : `${sandbox}/${target}`
  const spread = { hostToContainer: "rslave", bidirectional: "rshared" }
  return bind(source, destination, [
    readOnly ? "ro" : "rw",
    propagation === undefined ? "rprivate" : spread[propagation],
  ])
}

const mount = (destination: string, type: string, options: readonly string[]): OciMount => ({
  destination,
  type,
  source: type,
  options,
})

const bind = (source: string, destination: string, options: readonly string[]): OciMount => ({
  destination,
  type: "bind",
  source,
  options: ["rbind", ...options],
})

/**
 * Parts of /proc and /sys that tell about the machine or let a container change it.
 * Source: moby/moby: oci/defaults.go.
 */
export const MASKED_PATHS: readonly string[] = [
  ..."acpi asound interrupts kcore keys latency_stats sched_debug scsi timer_list timer_stats"
    .split(" ")
    .map((name) => `/proc/${name}`),
  "/sys/devices/virtual/powercap",
  "/sys/firmware",
]

/** Parts of /proc that a container may read. */
export const READONLY_PATHS: readonly string[] = "bus fs irq sys sysrq-trigger"
  .split(" ")
  .map((name) => `/proc/${name}`)
