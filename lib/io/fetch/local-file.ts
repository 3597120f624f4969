import { constants } from "node:fs"
import { copyFile, open, stat } from "node:fs/promises"
import type { FetchPlugin, LoadRequest } from "./plugin.ts"

/** Copies files of this machine, with the rights of the task's user: the agent's own would read anything. */
export class LocalFiles implements FetchPlugin {
  readonly schemes = ["", "file"]
  readonly #home: string | undefined

  /** `home` is where relative paths begin (`--frameworks_home`). */
  constructor(home: string | undefined) {
    this.#home = home
  }

  async load({ uri, path, asUser, claim, signal }: LoadRequest): Promise<void> {
    const from = this.#place(uri)
    const stats = await stat(from)
    if (!stats.isFile()) throw new Error("it is not a file")
    claim(stats.size)
    if (asUser.length === 0) await copyFile(from, path, constants.COPYFILE_EXCL)
    else await copyAs(asUser, { from, to: path, signal })
  }

  #place(uri: string): string {
    const isUri = /^file:\/\//i.test(uri)
    const path = isUri ? uri.slice("file://".length).replace(/^localhost\//, "/") : uri
    if (path === "") throw new Error("the path is empty")
    if (path.startsWith("/")) return path
    if (isUri) throw new Error("a file URI needs an absolute path, such as file:///a/b")
    if (this.#home !== undefined) return `${this.#home}/${path}`
    throw new Error("a relative path needs --frameworks_home on the agent, or use an absolute path")
  }
}

async function copyAs(
  asUser: readonly string[],
  copy: { readonly from: string; readonly to: string; readonly signal: AbortSignal },
): Promise<void> {
  const file = await open(copy.to, "wx", 0o644)
  try {
    const child = Bun.spawn([...asUser, "cat", "--", copy.from], {
      stdio: ["ignore", file.fd, "pipe"],
      signal: copy.signal,
    })
    const problem = await new Response(child.stderr).text()
    if ((await child.exited) !== 0) throw new Error(problem.trim() || "it could not be copied")
  } finally {
    await file.close()
  }
}
