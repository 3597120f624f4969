import { constants } from "node:fs"
import {
  copyFile,
  link,
  lstat,
  mkdir,
  readdir,
  realpath,
  rename,
  rm,
  symlink,
} from "node:fs/promises"
import { basename } from "node:path"
import { ifExists } from "#lib/io/host/files.ts"
import { toolOutput } from "./discover.ts"

/** Where images expect the driver. Source: apache/mesos: docs/gpu-support.md. */
export const DRIVER_IN_CONTAINER = "/usr/local/nvidia"

/** The parts of the driver that programs use, as its installer names them. */
const LIBRARIES = /^lib(?:cuda|nvcuvid|nvoptix|cudadebugger|nvidia-[a-z0-9-]+|vdpau_nvidia)\.so/
const PROGRAMS = [
  "nvidia-cuda-mps-control",
  "nvidia-cuda-mps-server",
  "nvidia-debugdump",
  "nvidia-persistenced",
  "nvidia-smi",
]

/** Where the driver is found and gathered. */
export type DriverVolumeOptions = {
  /** A directory of the agent's own. */
  readonly directory: string
  /** The driver's version: images get the libraries of the one that is loaded. */
  readonly version: string
  /** The tool that lists the system's libraries; "ldconfig" by default. */
  readonly ldconfig?: string | undefined
  /** Where programs are looked for; PATH by default. */
  readonly path?: string | undefined
}

/**
 * Gathers the driver's libraries (lib64/) and programs (bin/) in one directory that containers with an
 * image see, and answers where it is. What an earlier version left goes: a new driver is loaded only
 * when no GPU is in use.
 */
export async function makeDriverVolume(options: DriverVolumeOptions): Promise<string> {
  const { directory, version } = options
  const volume = `${directory}/${version}`
  await mkdir(directory, { recursive: true })
  for (const name of await readdir(directory))
    if (name !== version) await rm(`${directory}/${name}`, { recursive: true, force: true })
  if (await exists(volume)) return volume
  const making = `${directory}/.${version}.making`
  await mkdir(`${making}/lib64`, { recursive: true })
  await mkdir(`${making}/bin`, { recursive: true })
  for (const { name, path } of await libraries(options.ldconfig ?? "ldconfig"))
    await gather(path, name, `${making}/lib64`)
  for (const name of PROGRAMS) {
    const path = Bun.which(name, options.path === undefined ? {} : { PATH: options.path })
    if (path !== null) await gather(path, name, `${making}/bin`)
  }
  await rename(making, volume)
  return volume
}

/** The driver's libraries for programs of 64 bits, from lines such as "libx.so.1 (libc6,x86-64) => /lib/libx.so.1". */
async function libraries(
  ldconfig: string,
): Promise<readonly { readonly name: string; readonly path: string }[]> {
  const text = (await toolOutput(ldconfig, ["-p"])) ?? ""
  return text.split("\n").flatMap((line) => {
    const [, name = "", , path = ""] =
      /^\s*(\S+) \(([^)]*(?:x86-64|AArch64)[^)]*)\) => (\S+)$/.exec(line) ?? []
    return LIBRARIES.test(name) ? [{ name, path }] : []
  })
}

/** The file that a name stands for, and the name as a link to it where they differ. */
async function gather(path: string, name: string, directory: string): Promise<void> {
  const source = await realpath(path)
  const file = basename(source)
  if (!(await exists(`${directory}/${file}`))) await shareOrCopy(source, `${directory}/${file}`)
  if (file !== name) await symlink(file, `${directory}/${name}`)
}

const exists = async (path: string): Promise<boolean> => (await ifExists(lstat(path))) !== undefined

/** A second name takes no room; another file system needs a copy. */
async function shareOrCopy(source: string, target: string): Promise<void> {
  try {
    await link(source, target)
  } catch {
    await copyFile(source, target, constants.COPYFILE_FICLONE)
  }
}
