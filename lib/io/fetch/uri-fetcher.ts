import { constants } from "node:fs"
import { chmod, chown, copyFile, mkdir, open, rm, stat } from "node:fs/promises"
import type { CommandInfoUri } from "#lib/mesos/index.ts"
import type { FetchFailure, FetchRequest, Fetcher } from "#lib/ports/index.ts"
import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"
import { Accounts } from "#lib/io/host/accounts.ts"
import type { Account } from "#lib/io/host/accounts.ts"
import { userPrefix } from "#lib/io/host/user-prefix.ts"
import { abortable } from "#lib/io/host/abortable.ts"
import { errorText } from "#lib/io/host/files.ts"
import { FetchCache } from "./cache.ts"
import type { CachedFile } from "./cache.ts"
import { TooLarge, download } from "./download.ts"
import { place, unpack } from "./unpack.ts"
import { archiveKind, parseSource, targetName } from "./uri.ts"
import type { FetchSource } from "./uri.ts"

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
  /** Where relative paths begin. */
  readonly frameworksHome?: string | undefined
}

/** One URI on its way into a sandbox. */
type Job = {
  readonly uri: CommandInfoUri
  readonly source: FetchSource
  readonly name: string
  readonly sandbox: string
  readonly user: string | undefined
  readonly owner: Account | undefined
  /** The start of a command line that runs as the task's user. */
  readonly asUser: readonly string[]
  readonly signal: AbortSignal
}

/** Fetches http, https and file URIs and plain paths, makes them executable or unpacks them. */
export class UriFetcher implements Fetcher {
  readonly #options: UriFetcherOptions
  readonly #accounts = new Accounts()
  readonly #cache: FetchCache

  constructor(options: UriFetcherOptions) {
    this.#options = options
    this.#cache = new FetchCache(options.cacheDir, options.cacheBytes ?? DEFAULT_CACHE_BYTES)
  }

  async fetch(request: FetchRequest): Promise<Result<void, FetchFailure>> {
    for (const uri of request.uris) {
      const refuse = (cause: string): Result<never, FetchFailure> =>
        err({ uri: uri.value, message: `fetching '${uri.value}' failed: ${cause}` })
      const source = parseSource(uri.value, this.#options.frameworksHome)
      if (!source.ok) return refuse(source.error)
      const name = targetName(uri.value, uri.outputFile)
      if (!name.ok) return refuse(name.error)
      const { sandbox, user, signal } = request
      const asUser = await userPrefix(user, this.#accounts, Bun.which("setpriv"))
      if (!asUser.ok) return refuse(asUser.error)
      const isRoot = process.getuid?.() === 0
      const owner = isRoot && user !== undefined ? await this.#accounts.find(user) : undefined
      const job = { uri, source: source.value, name: name.value, sandbox, user, owner, signal }
      try {
        await this.#fetchOne({ ...job, asUser: asUser.value })
      } catch (cause) {
        return refuse(signal.aborted ? "the launch was given up" : errorText(cause))
      }
    }
    return ok(undefined)
  }

  async #fetchOne(job: Job): Promise<void> {
    const { uri, name, sandbox, owner, asUser, signal } = job
    const cached = uri.cache === true ? await this.#cached(job) : undefined
    const part = `${sandbox}/.fetch.${crypto.randomUUID()}`
    try {
      const executable = uri.executable === true
      const archive = executable || uri.extract === false ? undefined : archiveKind(name)
      // An archive of the cache is unpacked where it lies; unzip alone must be able to open it by name.
      const direct = cached !== undefined && archive !== undefined && archive.kind !== "zip"
      let path = cached?.path ?? part
      if (!direct) {
        if (cached === undefined) await this.#load(job, part)
        else await copyFile(cached.path, part, constants.COPYFILE_FICLONE)
        await chmod(part, executable ? 0o755 : 0o644)
        if (owner !== undefined) await chown(part, owner.uid, owner.gid)
        path = `${sandbox}/${name}`
        await this.#makeParents(job)
        await place(part, path)
      }
      if (archive === undefined) return
      await unpack({
        archive: path,
        kind: archive,
        name,
        directory: sandbox,
        owner,
        asUser,
        signal,
      })
      if (cached !== undefined && !direct) await rm(path, { force: true })
    } finally {
      await rm(part, { force: true })
      cached?.release()
    }
  }

  /** The file from the cache; undefined when it is too large for it. */
  async #cached(job: Job): Promise<CachedFile | undefined> {
    // Others may wait for the same file: it is loaded to the end even if this launch is given up.
    const shared = { ...job, signal: new AbortController().signal }
    const file = this.#cache.get(`${job.user ?? ""} ${job.uri.value}`, (path) =>
      this.#load(shared, path, this.#cache.limitBytes),
    )
    try {
      return await abortable(file, job.signal)
    } catch (cause) {
      if (job.signal.aborted) file.then((late) => late.release()).catch(() => {})
      if (cause instanceof TooLarge) return undefined
      throw cause
    }
  }

  /** Brings the source to a file that does not exist yet; resolves with its size. */
  async #load(job: Job, path: string, maxBytes?: number): Promise<number> {
    const { source, asUser, signal } = job
    if (source.kind === "download") {
      const stallMs = this.#options.stallTimeoutMs ?? DEFAULT_STALL_MS
      return download({ url: source.url, path, stallMs, signal, maxBytes })
    }
    const stats = await stat(source.path)
    if (!stats.isFile()) throw new Error("it is not a file")
    if (maxBytes !== undefined && stats.size > maxBytes) throw new TooLarge(`${stats.size} bytes`)
    if (asUser.length === 0) await copyFile(source.path, path, constants.COPYFILE_EXCL)
    else await copyAs(asUser, source.path, path)
    return stats.size
  }

  async #makeParents({ name, sandbox, owner }: Job): Promise<void> {
    const parts = name.split("/").slice(0, -1)
    for (let depth = 1; depth <= parts.length; depth++) {
      const path = `${sandbox}/${parts.slice(0, depth).join("/")}`
      const made = await mkdir(path, { recursive: true })
      if (made !== undefined && owner !== undefined) await chown(path, owner.uid, owner.gid)
    }
  }
}

/** Copies a file with the rights of a user: the agent's own would read anything. */
async function copyAs(asUser: readonly string[], from: string, to: string): Promise<void> {
  const file = await open(to, "wx", 0o644)
  try {
    const child = Bun.spawn([...asUser, "cat", "--", from], {
      stdio: ["ignore", file.fd, "pipe"],
    })
    const problem = await new Response(child.stderr).text()
    if ((await child.exited) !== 0) throw new Error(problem.trim())
  } finally {
    await file.close()
  }
}
