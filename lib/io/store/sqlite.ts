import { Database, SQLiteError, type Statement } from "bun:sqlite"
import { chmodSync } from "node:fs"
import { dirname } from "node:path"
import type { Store, Write } from "#lib/ports/index.ts"
import { makePrivateDirectory } from "#lib/io/host/private-directory.ts"

/** Version of the table layout; a newer one than this executable knows is refused. */
const LAYOUT_VERSION = 1

/** What is wrong with a state file, with the remedy in the message. */
export class StoreError extends Error {
  override readonly name = "StoreError"
}

/** Texts for the faults an operator can mend; every other one keeps SQLite's own words. */
function explain(path: string, cause: unknown): StoreError {
  const code = cause instanceof SQLiteError ? (cause.code ?? "") : ""
  const text = cause instanceof Error ? cause.message : String(cause)
  if (code.startsWith("SQLITE_FULL") || /no space left/i.test(text))
    return new StoreError(
      `the disk of ${path} is full: free some space and start again; nothing that was confirmed is lost`,
    )
  if (code.startsWith("SQLITE_NOTADB") || code.startsWith("SQLITE_CORRUPT"))
    return new StoreError(
      `the state file ${path} is damaged (${text}): restore it from a backup, or move it away to start empty`,
    )
  if (code.startsWith("SQLITE_BUSY") || code.startsWith("SQLITE_LOCKED"))
    return new StoreError(
      `the state file ${path} is in use by another process: stop that one first, or give another --work-dir`,
    )
  if (code.startsWith("SQLITE_READONLY") || code.startsWith("SQLITE_CANTOPEN"))
    return new StoreError(
      `cannot open the state file ${path} for writing (${text}): check the owner and mode of its folder`,
    )
  return new StoreError(`the state file ${path} failed: ${text}`)
}

/**
 * A store in one SQLite file: WAL, synchronous=FULL, locked for this process alone. Commits return
 * at once, durable. Faults throw a `StoreError` whose message names the cause and the remedy.
 */
export class SqliteStore implements Store {
  readonly #path: string
  readonly #database: Database
  readonly #put: Statement<unknown, [string, string]>
  readonly #delete: Statement<unknown, [string]>

  constructor(path: string) {
    this.#path = path
    try {
      makePrivateDirectory(dirname(path))
      this.#database = new Database(path, { create: true, strict: true })
      this.#database.run("PRAGMA locking_mode = EXCLUSIVE")
      this.#database.run("PRAGMA journal_mode = WAL")
      this.#database.run("PRAGMA synchronous = FULL")
      this.#migrate()
      chmodSync(path, 0o600)
      this.#put = this.#database.prepare<unknown, [string, string]>(
        "INSERT INTO entries (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2",
      )
      this.#delete = this.#database.prepare<unknown, [string]>("DELETE FROM entries WHERE key = ?1")
    } catch (cause) {
      throw cause instanceof StoreError ? cause : explain(path, cause)
    }
  }

  async scan(prefix: string): Promise<readonly (readonly [string, unknown])[]> {
    try {
      const rows = this.#database
        .query<{ key: string; value: string }, [string, string]>(
          "SELECT key, value FROM entries WHERE key >= ?1 AND key < ?2 ORDER BY key",
        )
        .all(prefix, `${prefix}\u{10ffff}`)
      return rows.map((row) => [row.key, this.#parse(row.key, row.value)] as const)
    } catch (cause) {
      throw cause instanceof StoreError ? cause : explain(this.#path, cause)
    }
  }

  commit(writes: readonly Write[]): undefined {
    try {
      this.#database.run("BEGIN IMMEDIATE")
      for (const write of writes)
        if (write.kind === "put") this.#put.run(write.key, JSON.stringify(write.value))
        else this.#delete.run(write.key)
      this.#database.run("COMMIT")
    } catch (cause) {
      if (this.#database.inTransaction) this.#rollback()
      throw explain(this.#path, cause)
    }
    return undefined
  }

  async close(): Promise<void> {
    this.#put.finalize()
    this.#delete.finalize()
    this.#database.close()
  }

  #rollback(): void {
    try {
      this.#database.run("ROLLBACK")
    } catch {
      // The commit's own failure is what the caller must hear; the process stops either way.
    }
  }

  #migrate(): void {
    const row = this.#database.query<{ user_version: number }, []>("PRAGMA user_version").get()
    const version = row?.user_version ?? 0
    if (version > LAYOUT_VERSION)
      throw new StoreError(
        `the state file ${this.#path} has layout ${version}, this executable knows ${LAYOUT_VERSION}: use the newer executable that wrote it`,
      )
    this.#database.run(
      "CREATE TABLE IF NOT EXISTS entries (key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) WITHOUT ROWID",
    )
    if (version === 0) this.#database.run(`PRAGMA user_version = ${LAYOUT_VERSION}`)
  }

  #parse(key: string, text: string): unknown {
    try {
      return JSON.parse(text) as unknown
    } catch {
      throw new StoreError(
        `the state file ${this.#path} is damaged (the entry ${key} is not JSON): restore it from a backup`,
      )
    }
  }
}
