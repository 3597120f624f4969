import { mkdir, open, readdir, readFile, rm, statfs } from "node:fs/promises"
import type { Secret } from "#lib/mesos/index.ts"
import type { ContainerId, SecretResolver } from "#lib/ports/index.ts"
import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"
import type { Account } from "#lib/io/host/accounts.ts"
import { ifExists } from "#lib/io/host/files.ts"

/** The type of a file system in memory. Source: linux/magic.h. */
const TMPFS_MAGIC = 0x01021994

/** Where such a file system usually is. */
const IN_MEMORY = ["/run", "/dev/shm"] as const

/** Most bytes a secret may have: it is kept in memory. */
const SECRET_BYTES_MAX = 1024 * 1024

/** Answers for as long as the cluster has no secret store. */
export const noSecretStore: SecretResolver = {
  resolve: (secret) =>
    Promise.resolve(
      err(
        `the secret '${secret.reference?.name ?? ""}' is named by reference, which needs the cluster's secret store, and this version has none: give its value (type VALUE)`,
      ),
    ),
}

/** The bytes of a secret: told with the task, or found by its name. */
export async function secretBytes(
  secret: Secret,
  resolver: SecretResolver,
  signal: AbortSignal,
): Promise<Result<Uint8Array, string>> {
  const named = secret.type === "REFERENCE" || secret.reference !== undefined
  if (!named && secret.value === undefined)
    return err("its value was lost when the agent was restarted: launch the task again")
  const bytes = named
    ? await resolver.resolve(secret, signal)
    : ok(new Uint8Array(Buffer.from(secret.value?.data ?? "", "base64")))
  if (bytes.ok && bytes.value.length > SECRET_BYTES_MAX)
    return err(`it has ${bytes.value.length} bytes, of ${SECRET_BYTES_MAX} that a secret may have`)
  return bytes
}

/** Where secrets lie: in memory where root may choose, else where only the agent's account can read. */
export async function secretDirectory(name: string, fallback: string): Promise<string> {
  if (process.getuid?.() !== 0) return fallback
  for (const place of IN_MEMORY) {
    const found = await ifExists(statfs(place))
    if (found?.type === TMPFS_MAGIC) return `${place}/${name}`
  }
  return fallback
}

/**
 * The secrets of containers as files that their user alone can read, in directories that only the
 * agent can list or change, until they are removed after the container's end.
 */
export class SecretFiles {
  readonly #root: string
  readonly #environments = new Map<ContainerId, Readonly<Record<string, string>>>()

  constructor(root: string) {
    this.#root = root
  }

  /** Writes a secret volume, readable by the user alone; returns its path. */
  async write(
    containerId: ContainerId,
    name: string,
    secret: { readonly bytes: Uint8Array; readonly owner: Account | undefined },
  ): Promise<string> {
    const directory = `${this.#root}/${containerId}`
    await mkdir(directory, { recursive: true, mode: 0o711 })
    await this.#write(`${directory}/${name}`, secret.bytes, secret.owner)
    return `${directory}/${name}`
  }

  /** Keeps the secret variables of a container for commands that run beside it. */
  async keepEnvironment(
    containerId: ContainerId,
    environment: Readonly<Record<string, string>>,
  ): Promise<void> {
    this.#environments.set(containerId, environment)
    if (Object.keys(environment).length === 0) return
    await mkdir(this.#root, { recursive: true, mode: 0o711 })
    const text = new TextEncoder().encode(JSON.stringify(environment))
    await this.#write(this.#environmentFile(containerId), text)
  }

  /** The secret variables of a container; none when it has none. */
  async environment(containerId: ContainerId): Promise<Readonly<Record<string, string>>> {
    const known = this.#environments.get(containerId)
    if (known !== undefined) return known
    const text = await ifExists(readFile(this.#environmentFile(containerId), "utf8"))
    const found = text === undefined ? {} : (JSON.parse(text) as Record<string, string>)
    this.#environments.set(containerId, found)
    return found
  }

  /** The containers that have secrets. */
  async containers(): Promise<readonly ContainerId[]> {
    const names = (await ifExists(readdir(this.#root))) ?? []
    return [...new Set(names.map((name) => name.replace(/\.environment$/, "") as ContainerId))]
  }

  /** Removes all secrets of a container. */
  async remove(containerId: ContainerId): Promise<void> {
    this.#environments.delete(containerId)
    await rm(`${this.#root}/${containerId}`, { recursive: true, force: true })
    await rm(this.#environmentFile(containerId), { force: true })
  }

  #environmentFile(containerId: ContainerId): string {
    return `${this.#root}/${containerId}.environment`
  }

  async #write(path: string, bytes: Uint8Array, owner?: Account): Promise<void> {
    await rm(path, { force: true })
    await using file = await open(path, "wx", 0o400)
    await file.writeFile(bytes)
    if (owner !== undefined) await file.chown(owner.uid, owner.gid)
  }
}
