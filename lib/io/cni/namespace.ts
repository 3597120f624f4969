import { statfsSync } from "node:fs"
import { rm, writeFile } from "node:fs/promises"
import { errorCode } from "#lib/io/host/files.ts"

/** The type of the kernel's file system of namespaces. Source: linux/magic.h (NSFS_MAGIC). */
const NSFS = 0x6e736673

/**
 * Makes a namespace and mounts it at "$1". Others who bind this machine's root do not take the mount
 * with them, or a namespace would live as long as the last container that began after it.
 */
const MAKE = `unshare --net="$1" ip link set lo up && mount --make-unbindable "$1"`

/** Makes a network namespace that lives without a process, with its loopback interface up. */
export async function makeNamespace(path: string): Promise<void> {
  await writeFile(path, "", { mode: 0o444 })
  await command(["sh", "-c", MAKE, "sh", path])
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
  if (isNamespace(path)) await command(["umount", "-l", path])
  await rm(path, { force: true })
}

async function command(words: readonly string[]): Promise<void> {
  const child = Bun.spawn([...words], {
    env: { PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/usr/bin:/sbin:/bin` },
    stdio: ["ignore", "ignore", "pipe"],
  })
  const complaint = await new Response(child.stderr).text()
  if ((await child.exited) !== 0)
    throw new Error(complaint.trim() || `${words[0]} exited with ${child.exitCode}`)
}
