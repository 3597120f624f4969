import type { Store, Write } from "#lib/ports/index.ts"
import type { Life } from "./life.ts"
import { between, strikes, type World } from "./world.ts"

/** What is durable on a node: it outlives processes. Values are JSON texts by key. */
export class Disk {
  readonly #entries = new Map<string, string>()

  /** The text under a key, if there is one. */
  text(key: string): string | undefined {
    return this.#entries.get(key)
  }

  /** Texts of the entries below a prefix, unordered. */
  *texts(prefix: string): Iterable<string> {
    for (const [key, text] of this.#entries) if (key.startsWith(prefix)) yield text
  }

  /** Loses everything. */
  wipe(): void {
    this.#entries.clear()
  }

  scan(prefix: string): readonly (readonly [string, unknown])[] {
    return [...this.#entries]
      .filter(([key]) => key.startsWith(prefix))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, text]) => [key, JSON.parse(text) as unknown] as const)
  }

  apply(writes: readonly (readonly [key: string, text: string | undefined])[]): void {
    for (const [key, text] of writes)
      if (text === undefined) this.#entries.delete(key)
      else this.#entries.set(key, text)
  }
}

/** What a store needs to make its process die at a crash point. */
export type CrashPoint = (mark: "crash.beforeCommit" | "crash.afterCommit") => boolean

/**
 * The disk as one life of a process sees it. A commit is atomic: a crash before it loses all of the
 * batch, one during it all or nothing, one after it nothing. It may take time, and it may fail, which
 * leaves open whether it happened.
 */
export class DiskStore implements Store {
  readonly #world: World
  readonly #disk: Disk
  readonly #life: Life
  readonly #crashes: CrashPoint
  #underWay = 0

  constructor(world: World, parts: { disk: Disk; life: Life; crashes: CrashPoint }) {
    this.#world = world
    this.#disk = parts.disk
    this.#life = parts.life
    this.#crashes = parts.crashes
  }

  /** Whether a commit is under way: its process is ahead of the disk. */
  get busy(): boolean {
    return this.#underWay > 0
  }

  async scan(prefix: string): Promise<readonly (readonly [string, unknown])[]> {
    return this.#disk.scan(prefix)
  }

  commit(writes: readonly Write[]): Promise<void> | undefined {
    const world = this.#world
    if (this.#life.over || this.#crashes("crash.beforeCommit")) return this.#life.never()
    const texts = writes.map((write) => {
      const text = write.kind === "put" ? JSON.stringify(write.value) : undefined
      return [write.key, text] as const
    })
    if (strikes(world, world.swarm.commitFailure, "commit.failed")) {
      if (world.chance.chance(0.5)) this.#disk.apply(texts)
      return Promise.reject(new Error("the disk failed"))
    }
    const { commitMaxMs } = world.swarm
    if (commitMaxMs === 0 || !world.faulty) {
      this.#disk.apply(texts)
      return this.#crashes("crash.afterCommit") ? this.#life.never() : undefined
    }
    this.#underWay++
    world.marks.hit("commit.slow")
    const ms = between(world.chance, 0, commitMaxMs)
    // A process that dies meanwhile leaves it to the kernel: all of it or nothing is on the disk then.
    const done = this.#life.atEnd(() => {
      if (world.chance.chance(0.5)) this.#disk.apply(texts)
    })
    return this.#life.later(ms, () => {
      done()
      this.#underWay--
      this.#disk.apply(texts)
    })
  }

  async close(): Promise<void> {}
}
