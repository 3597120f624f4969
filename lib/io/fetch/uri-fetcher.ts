import { constants } from "node:fs"
import { chmod, chown, copyFile, mkdir, readdir, rename, rm } from "node:fs/promises"
import type { FileHandle } from "node:fs/promises"
import { basename, dirname } from "node:path"
import type { CommandInfoUri } from "#lib/mesos/index.ts"
import type { FetchFailure, FetchRequest, Fetcher } from "#lib/ports/index.ts"
import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"
import { Accounts } from "#lib/io/host/accounts.ts"
import type { Account } from "#lib/io/host/accounts.ts"
import { openBelow, openDirectory, pathOf } from "#lib/io/host/directory.ts"
import { userPrefix } from "#lib/io/host/user-prefix.ts"
import { errorCode, errorText } from "#lib/io/host/files.ts"
import { removeTree } from "#lib/io/host/remove-tree.ts"
import type { ImageDownloadOptions } from "#lib/io/images/index.ts"
import { FetchCache, TooLarge } from "./cache.ts"
import type { CachedFile } from "./cache.ts"
import { verify } from "./checksum.ts"
import { DockerImages } from "./docker-image.ts"
import { Downloads } from "./download.ts"
import { LocalFiles } from "./local-file.ts"
import { ObjectStore } from "./object-store.ts"
import type { ObjectStoreOptions } from "./object-store.ts"
import type { FetchPlugin } from "./plugin.ts"
import { curl, hadoop, ProgramFetch } from "./program.ts"
import { roomFor } from "./room.ts"
import { unpack } from "./unpack.ts"
import { archiveKind, parseUri, targetName, withoutPassword } from "./uri.ts"
import type { SourceUri } from "./uri.ts"

/** Defaults of the API's originals. Source: apache/mesos: docs/configuration/agent.md. */
const DEFAULT_STALL_MS = 60_000
const DEFAULT_CACHE_BYTES = 2 * 1024 * 1024 * 1024

/** What the fetcher is given. */
export type UriFetcherOptions = {
  /** A directory for the cache; what is in it goes when the agent starts. */
  readonly cacheDir: string
  readonly cacheBytes?: number | undefined
  /** Without a byte for this long a download is given up. */
  readonly stallTimeoutMs?: number | undefined
  /** Before a download that broke is tried for the second time. */
  readonly retryMs?: number | undefined
  /** Where relative paths begin. */
  readonly frameworksHome?: string | undefined
  readonly hadoopHome?: string | undefined
  readonly objectStore?: ObjectStoreOptions | undefined
  /** Where the images of docker:// URIs come from. */
  readonly images?: ImageDownloadOptions | undefined
}

/** What the names of directories begin with in which files are made ready. */
const STAGING = ".fetch."

/** One URI on its way into a sandbox. */
type Job = {
  readonly uri: CommandInfoUri
  readonly source: SourceUri
  readonly plugin: FetchPlugin
  readonly name: string
  readonly sandbox: string
  readonly user: string | undefined
  readonly owner: Account | undefined
  /** The start of a command line that runs as the task's user. */
  readonly asUser: readonly string[]
  readonly signal: AbortSignal
}

/**
 * Brings files into sandboxes: each scheme has its plugin, and what a plugin brought is checked,
 * given to the task's user, made executable or unpacked in the same way.
 */
export class UriFetcher implements Fetcher {
  readonly #accounts = new Accounts()
  readonly #cache: FetchCache
  readonly #plugins = new Map<string, FetchPlugin>()
  /** Names of directories in which files are being made ready. */
  readonly #stagings = new Set<string>()

  constructor(options: UriFetcherOptions) {
    const stallMs = options.stallTimeoutMs ?? DEFAULT_STALL_MS
    const limits = { stallMs, retryMs: options.retryMs }
    this.#cache = new FetchCache(options.cacheDir, options.cacheBytes ?? DEFAULT_CACHE_BYTES)
    for (const plugin of [
      new LocalFiles(options.frameworksHome),
      new Downloads(limits),
      new ObjectStore(options.objectStore ?? {}, limits),
      new DockerImages({ stallMs, ...options.images }),
      new ProgramFetch(hadoop(options.hadoopHome), stallMs),
      new ProgramFetch(curl, stallMs),
    ])
      for (const scheme of plugin.schemes) this.#plugins.set(scheme, plugin)
  }

  async fetch(request: FetchRequest): Promise<Result<void, FetchFailure>> {
    if (request.uris.length > 0) await this.#removeStagings(request.sandbox)
    for (const uri of request.uris) {
      const shown = withoutPassword(uri.value)
      const refuse = (cause: string): Result<never, FetchFailure> =>
        err({ uri: shown, message: `fetching '${shown}' failed: ${cause}` })
      const job = await this.#plan(uri, request)
      if (!job.ok) return refuse(job.error)
      try {
        await this.#fetchOne(job.value)
      } catch (cause) {
        return refuse(request.signal.aborted ? "the launch was given up" : describe(cause))
      }
    }
    return ok(undefined)
  }

  /**
   * Removes what an agent left that ended in the middle of a launch, which is begun again. Debug
   * containers share a sandbox, so that others may be at work in it.
   */
  async #removeStagings(path: string): Promise<void> {
    try {
      await using sandbox = await openDirectory(path)
      for (const name of await readdir(pathOf(sandbox)))
        if (name.startsWith(STAGING) && !this.#stagings.has(name))
          await removeTree(`${pathOf(sandbox)}/${name}`)
    } catch {
      // Whatever is wrong with the sandbox is said by the first file that is to come into it.
    }
  }

  async #plan(
    uri: CommandInfoUri,
    { sandbox, user, signal }: FetchRequest,
  ): Promise<Result<Job, string>> {
    const source = parseUri(uri.value)
    if (!source.ok) return source
    const { scheme = "", text } = source.value
    const plugin = this.#plugins.get(scheme)
    if (plugin === undefined) {
      const known = [...this.#plugins.keys()].filter(Boolean).join(", ")
      return err(`the scheme '${scheme}' is not supported: use a path or one of ${known}`)
    }
    const name = targetName(text, uri.outputFile)
    if (!name.ok) return name
    const asUser = await userPrefix(user, this.#accounts, Bun.which("setpriv"))
    if (!asUser.ok) return asUser
    const isRoot = process.getuid?.() === 0
    const owner = isRoot && user !== undefined ? await this.#accounts.find(user) : undefined
    const common = { uri, sandbox, user, owner, signal, plugin }
    return ok({ ...common, source: source.value, name: name.value, asUser: asUser.value })
  }

  async #fetchOne(job: Job): Promise<void> {
    const cached = job.uri.cache === true ? await this.#cached(job) : undefined
    try {
      await using sandbox = await openDirectory(job.sandbox)
      // Nobody but the agent can enter it: what is made ready in it cannot be exchanged for a link.
      const name = `${STAGING}${crypto.randomUUID()}`
      const staging = `${pathOf(sandbox)}/${name}`
      this.#stagings.add(name)
      try {
        await mkdir(staging, { mode: 0o700 })
        await this.#bring(job, { cached, sandbox, staging })
      } finally {
        await removeTree(staging).finally(() => this.#stagings.delete(name))
      }
    } finally {
      cached?.release()
    }
  }

  async #bring(
    job: Job,
    at: {
      readonly cached: CachedFile | undefined
      readonly sandbox: FileHandle
      readonly staging: string
    },
  ): Promise<void> {
    const { uri, name, owner, asUser, signal } = job
    const { cached, sandbox, staging } = at
    const executable = uri.executable === true
    const archive = executable || uri.extract === false ? undefined : archiveKind(name)
    // An archive of the cache is unpacked where it lies; unzip alone must be able to open it by name.
    const direct = cached !== undefined && archive !== undefined && archive.kind !== "zip"
    if (!direct) {
      const file = `${staging}/file`
      if (cached === undefined) await this.#load(job, { path: file, signal, claim: () => {} })
      else await copyFile(cached.path, file, constants.COPYFILE_FICLONE)
      await chmod(file, executable ? 0o755 : 0o644)
      if (owner !== undefined) await chown(file, owner.uid, owner.gid)
      await using directory = await openBelow(sandbox, dirname(name), owner)
      await place(file, directory, name)
    }
    if (archive === undefined) return
    const placed = `${job.sandbox}/${name}`
    const common = { kind: archive, name, staging, directory: sandbox, owner, asUser, signal }
    await unpack({ ...common, archive: direct ? cached.path : placed })
    if (cached !== undefined && !direct) await rm(placed, { force: true })
  }

  /** The file from the cache; undefined when it is too large for it. */
  async #cached(job: Job): Promise<CachedFile | undefined> {
    try {
      return await this.#cache.get(`${job.user ?? ""} ${job.uri.value}`, job.signal, (load) =>
        this.#load(job, load),
      )
    } catch (cause) {
      if (cause instanceof TooLarge) return undefined
      throw cause
    }
  }

  /** Brings the source to a file that does not exist yet, and checks it. */
  async #load(
    { plugin, source, asUser }: Job,
    where: Pick<Parameters<FetchPlugin["load"]>[0], "path" | "signal" | "claim">,
  ): Promise<void> {
    const room = roomFor(dirname(where.path))
    const claim = (bytes: number): void => {
      room(bytes)
      where.claim(bytes)
    }
    await plugin.load({ uri: source.text, asUser, ...where, claim })
    if (source.checksum !== undefined) await verify(where.path, source.checksum)
  }
}

/** Moves a file to its name in a directory; `name` with the directories before it is for people. */
async function place(file: string, directory: FileHandle, name: string): Promise<void> {
  try {
    await rename(file, `${pathOf(directory)}/${basename(name)}`)
  } catch (cause) {
    const code = errorCode(cause) ?? ""
    if (["EISDIR", "ENOTEMPTY", "EBUSY"].includes(code))
      throw new Error(`there is a directory of the name '${name}' in the sandbox`, { cause })
    if (code === "ENAMETOOLONG") throw new Error("its name is too long: set output_file", { cause })
    throw cause
  }
}

/** The cause in words, with what to do where that is known. */
function describe(cause: unknown): string {
  const code = errorCode(cause)
  if (code === "ENOSPC" || code === "EDQUOT")
    return `the disk is full (${code}): free space below the agent's work directory, or give the task more disk`
  return errorText(cause)
}
