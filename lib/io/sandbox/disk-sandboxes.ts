import type { Stats } from "node:fs"
import {
  chmod,
  chown,
  lstat,
  mkdir,
  readdir,
  rename,
  rm,
  rmdir,
  stat,
  statfs,
} from "node:fs/promises"
import type { FileHandle } from "node:fs/promises"
import { symlink } from "node:fs/promises"
import { dirname } from "node:path"
import type {
  DiskUsage,
  FileDownload,
  FileEntry,
  FileLocation,
  FileProblem,
  FileSlice,
  Sandboxes,
} from "#lib/ports/index.ts"
import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"
import { Accounts } from "#lib/io/host/accounts.ts"
import { errorCode, errorText, ifExists } from "#lib/io/host/files.ts"
import { removeTree } from "#lib/io/host/remove-tree.ts"
import { KeyedLock } from "#lib/io/host/keyed-lock.ts"
import { openConfined } from "./confined.ts"
import { fileMode } from "./file-mode.ts"

/** The link beside the runs of an executor that leads to the newest. */
const LATEST_RUN = "latest"

/** Others than its user see nothing of a sandbox; they pass through one that holds theirs. */
const SANDBOX_MODE = 0o750
const SHARED_MODE = 0o751

/** A directory whose making was cut short: no other has such a mode. */
const UNFINISHED_MODE = 0o1700

/** Bytes read at a time while a file is downloaded. */
const CHUNK_BYTES = 64 * 1024

/** The sandboxes of an agent as directories of this machine. */
export class DiskSandboxes implements Sandboxes {
  readonly #accounts = new Accounts()
  readonly #shared = new KeyedLock()

  /** Makes the agent's work directory: users of tasks pass through it on the way to their sandboxes. */
  async createWorkDir(path: string): Promise<void> {
    await mkdir(path, { recursive: true, mode: 0o755 })
  }

  async create(
    path: string,
    user: string | undefined,
  ): Promise<Result<void, { readonly message: string }>> {
    return this.#making(path, user, async (give) => {
      await mkdir(path, { recursive: true })
      await chmod(path, SANDBOX_MODE)
      await give()
    })
  }

  createShared(
    path: string,
    user: string | undefined,
  ): Promise<Result<void, { readonly message: string }>> {
    return this.#shared.run(path, () =>
      this.#making(path, user, async (give) => {
        await mkdir(dirname(path), { recursive: true })
        await mkdir(path, UNFINISHED_MODE).catch((cause: unknown) => {
          if (errorCode(cause) !== "EEXIST") throw cause
        })
        const { mode } = await stat(path)
        if ((mode & 0o7777) !== UNFINISHED_MODE) return
        await give()
        await chmod(path, SHARED_MODE)
      }),
    )
  }

  /** Makes a directory; `give` gives it to its user where the agent can. */
  async #making(
    path: string,
    user: string | undefined,
    make: (give: () => Promise<void>) => Promise<void>,
  ): Promise<Result<void, { readonly message: string }>> {
    try {
      const account = user === undefined ? undefined : await this.#accounts.find(user)
      if (user !== undefined && account === undefined)
        return err({ message: `user '${user}' does not exist on the agent` })
      await make(async () => {
        if (account !== undefined && process.getuid?.() === 0)
          await chown(path, account.uid, account.gid)
      })
      return ok(undefined)
    } catch (cause) {
      return err({ message: `the sandbox ${path} cannot be made: ${errorText(cause)}` })
    }
  }

  remove(path: string): Promise<void> {
    return removeTree(path)
  }

  async removeRun(path: string): Promise<void> {
    await this.remove(path)
    const runs = dirname(path)
    const left = await ifExists(readdir(runs))
    if (left === undefined || left.some((name) => name !== LATEST_RUN)) return
    await rm(`${runs}/${LATEST_RUN}`, { force: true })
    for (const directory of [runs, dirname(runs)])
      try {
        await rmdir(directory)
      } catch (cause) {
        // A new run may have begun meanwhile.
        if (errorCode(cause) === "ENOTEMPTY" || errorCode(cause) === "ENOENT") return
        throw cause
      }
  }

  async link(link: string, target: string): Promise<void> {
    // A name of its own: several containers may set the same link at once.
    const fresh = `${link}.${crypto.randomUUID()}`
    await symlink(target, fresh)
    await rename(fresh, link)
  }

  async modifiedAt(path: string): Promise<number | undefined> {
    return (await ifExists(stat(path)))?.mtimeMs
  }

  async runs(workDir: string): Promise<readonly string[]> {
    let level = [`${workDir}/slaves`]
    for (const next of ["/frameworks", "/executors", "/runs", ""]) {
      const children = await Promise.all(level.map(directoriesIn))
      level = children.flat().map((child) => child + next)
    }
    return level
  }

  async stat(location: FileLocation): Promise<Result<FileEntry, FileProblem>> {
    return this.#open(location, async (file) => {
      const name = location.path.split("/").findLast((part) => part !== "") ?? location.root
      return ok(await this.#entry(name, await file.stat()))
    })
  }

  async list(location: FileLocation): Promise<Result<readonly FileEntry[], FileProblem>> {
    return this.#open(location, async (file) => {
      if (!(await file.stat()).isDirectory())
        return err({ code: "notADirectory", message: `'${location.path}' is not a directory` })
      const directory = `/proc/self/fd/${file.fd}`
      const entries: FileEntry[] = []
      for (const name of (await readdir(directory)).sort()) {
        const own = await ifExists(lstat(`${directory}/${name}`))
        if (own === undefined) continue
        const path = location.path === "" ? name : `${location.path}/${name}`
        const target = own.isSymbolicLink() ? await statConfined({ ...location, path }) : undefined
        entries.push(await this.#entry(name, target ?? own))
      }
      return ok(entries)
    })
  }

  async read(
    location: FileLocation,
    range: { readonly offset: number; readonly length: number },
  ): Promise<Result<FileSlice, FileProblem>> {
    return this.#open(location, async (file) => {
      const stats = await file.stat()
      if (!stats.isFile()) return err(notAFile(location))
      const left = Math.max(0, stats.size - range.offset)
      const buffer = new Uint8Array(Math.min(range.length, left))
      const { bytesRead } = await file.read(buffer, 0, buffer.length, range.offset)
      return ok({ bytes: buffer.subarray(0, bytesRead), fileSize: stats.size })
    })
  }

  async download(location: FileLocation): Promise<Result<FileDownload, FileProblem>> {
    const opened = await openConfined(location)
    if (!opened.ok) return opened
    const stats = await opened.value.stat()
    if (!stats.isFile()) {
      await opened.value.close()
      return err(notAFile(location))
    }
    const name = location.path.split("/").findLast((part) => part !== "") ?? ""
    return ok({ name, size: stats.size, body: bodyOf(opened.value, stats.size) })
  }

  async diskUsage(path: string): Promise<DiskUsage> {
    const { blocks, bavail, bsize } = await statfs(path)
    return { totalBytes: blocks * bsize, usedBytes: (blocks - bavail) * bsize }
  }

  async #open<T>(
    location: FileLocation,
    use: (file: FileHandle) => Promise<Result<T, FileProblem>>,
  ): Promise<Result<T, FileProblem>> {
    const opened = await openConfined(location)
    if (!opened.ok) return opened
    await using file = opened.value
    return await use(file)
  }

  async #entry(name: string, stats: Stats): Promise<FileEntry> {
    return {
      name,
      size: stats.size,
      nlink: stats.nlink,
      mtime: Math.floor(stats.mtimeMs / 1000),
      mode: fileMode(stats.mode),
      uid: await this.#accounts.userName(stats.uid),
      gid: await this.#accounts.groupName(stats.gid),
    }
  }
}

const notAFile = (location: FileLocation): FileProblem => ({
  code: "notAFile",
  message: `'${location.path}' is not a file`,
})

async function directoriesIn(path: string): Promise<readonly string[]> {
  const entries = (await ifExists(readdir(path, { withFileTypes: true }))) ?? []
  return entries.filter((entry) => entry.isDirectory()).map((entry) => `${path}/${entry.name}`)
}

/** What a link leads to, if that lies within the root too. */
async function statConfined(location: FileLocation): Promise<Stats | undefined> {
  const opened = await openConfined(location)
  if (!opened.ok) return undefined
  await using file = opened.value
  return await file.stat()
}

/** The first `size` bytes of a file, which is closed at the end. A file cut meanwhile ends early. */
function bodyOf(file: FileHandle, size: number): ReadableStream<Uint8Array> {
  let position = 0
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const wanted = Math.min(CHUNK_BYTES, size - position)
      const buffer = new Uint8Array(wanted)
      const { bytesRead } = await file.read(buffer, 0, wanted, position)
      position += bytesRead
      if (bytesRead > 0) controller.enqueue(buffer.subarray(0, bytesRead))
      if (bytesRead > 0 && position < size) return
      await file.close()
      controller.close()
    },
    cancel: () => file.close(),
  })
}
