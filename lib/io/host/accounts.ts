import { readFile } from "node:fs/promises"

/** An account of this machine. */
export type Account = { readonly name: string; readonly uid: number; readonly gid: number }

/** How many names and numbers are remembered before the memory is emptied. */
const CACHE_LIMIT = 1024

/** How long an answer is trusted: accounts are added while an agent runs. */
const CACHE_MS = 60_000

/** A part of /etc/passwd or /etc/group that a reader is interested in. */
type Entry = { readonly name: string; readonly id: number; readonly gid: number }

const parseEntries = (text: string): readonly Entry[] =>
  text.split("\n").flatMap((line) => {
    const [name, , id, gid] = line.split(":")
    return name && id !== undefined && /^\d+$/.test(id)
      ? [{ name, id: Number(id), gid: Number(gid) }]
      : []
  })

/**
 * Accounts and groups of this machine: /etc/passwd and /etc/group first, then getent(1), which knows
 * directories such as LDAP. Answers are remembered for a minute.
 */
export class Accounts {
  readonly #cache = new Map<string, { readonly until: number; readonly entry: Entry | undefined }>()

  /** The account with that name, or, for a text of digits, that number. */
  async find(name: string): Promise<Account | undefined> {
    const entry = await this.#lookup("passwd", name)
    return entry === undefined ? undefined : { name: entry.name, uid: entry.id, gid: entry.gid }
  }

  /** The name of a user number; the number itself where it has no name. */
  async userName(uid: number): Promise<string> {
    return (await this.#lookup("passwd", String(uid)))?.name ?? String(uid)
  }

  /** The name of a group number; the number itself where it has no name. */
  async groupName(gid: number): Promise<string> {
    return (await this.#lookup("group", String(gid)))?.name ?? String(gid)
  }

  async #lookup(database: "passwd" | "group", key: string): Promise<Entry | undefined> {
    const cacheKey = `${database} ${key}`
    const known = this.#cache.get(cacheKey)
    if (known !== undefined && known.until > performance.now()) return known.entry
    const entry = (await fromFile(database, key)) ?? (await fromGetent(database, key))
    if (this.#cache.size >= CACHE_LIMIT) this.#cache.clear()
    this.#cache.set(cacheKey, { until: performance.now() + CACHE_MS, entry })
    return entry
  }
}

function pick(entries: readonly Entry[], key: string): Entry | undefined {
  const byName = entries.find((entry) => entry.name === key)
  if (byName !== undefined || !/^\d+$/.test(key)) return byName
  return entries.find((entry) => entry.id === Number(key))
}

async function fromFile(database: string, key: string): Promise<Entry | undefined> {
  const text = await readFile(`/etc/${database}`, "utf8").catch(() => "")
  return pick(parseEntries(text), key)
}

async function fromGetent(database: string, key: string): Promise<Entry | undefined> {
  const getent = Bun.which("getent")
  if (getent === null || key.startsWith("-")) return undefined
  const child = Bun.spawn([getent, database, key], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "ignore",
    timeout: 5000,
  })
  const text = await new Response(child.stdout).text()
  return (await child.exited) === 0 ? pick(parseEntries(text), key) : undefined
}
