import { statfsSync } from "node:fs"
import { rm, writeFile } from "node:fs/promises"
import { errorCode } from "./files.ts"
import { runTool } from "./run-tool.ts"

/** The type of the kernel's file system of namespaces. Source: linux/magic.h (NSFS_MAGIC). */
const NSFS = 0x6e736673

/**
 * Makes a namespace and mounts it at "$1". Others who bind this machine's root do not take the mount
 * with them, or a namespace would live as long as the last container that began after it.
 */
const MAKE = `unshare --net="$1" ip link set lo up && mount --make-unbindable "$1"`

/** Makes a network namespace that lives without a process, with its loopback interface up. */
export async function makeNetworkNamespace(path: string): Promise<void> {
  await writeFile(path, "", { mode: 0o444 })
  await runTool(["sh", "-c", MAKE, "sh", path])
}

/** Whether a namespace is mounted at a path. */
export function isNamespace(path: string): boolean {
  try {
    return statfsSync(path).type === NSFS
  } catch (cause) {
    if (errorCode(cause) === "ENOENT") return false
    throw cause
  }
}

/** Lets go of a namespace: it ends with the last process in it. Harmless when repeated. */
export async function removeNamespace(path: string): Promise<void> {
  if (isNamespace(path)) await runTool(["umount", "-l", path])
  await rm(path, { force: true })
}
