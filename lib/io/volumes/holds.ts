import { mkdir, readdir, readFile, rm } from "node:fs/promises"
import type { ContainerId } from "#lib/ports/index.ts"
import { writeDurably } from "#lib/io/host/durable-file.ts"
import { ifExists } from "#lib/io/host/files.ts"

const SCHEMA = 1

/** Something that a container uses and that may have to be given back when nobody uses it any more. */
export type Hold =
  | { readonly kind: "persistent"; readonly path: string }
  | { readonly kind: "docker"; readonly driver: string; readonly name: string }
  | { readonly kind: "csi"; readonly plugin: string; readonly volumeId: string }

/** What a container holds, and in which life of the machine it took it. */
export type ContainerHolds = { readonly boot: string; readonly holds: readonly Hold[] }

/** Tells whether two holds are of the same thing. */
export function holdKey(hold: Hold): string {
  switch (hold.kind) {
    case "persistent":
      return `persistent ${hold.path}`
    case "docker":
      return `docker ${hold.driver} ${hold.name}`
    case "csi":
      return `csi ${hold.plugin} ${hold.volumeId}`
    default:
      return hold satisfies never
  }
}

/**
 * The books of what containers hold, a file for each container, written before anything is taken and
 * removed after everything was given back: an agent killed in between knows what to give back.
 */
export class HoldBooks {
  readonly #directory: string
  readonly #holders = new Map<ContainerId, ContainerHolds>()
  /** What containers are about to take, by their keys. */
  readonly #coming = new Map<ContainerId, Set<string>>()
  #loaded: Promise<void> | undefined

  constructor(directory: string) {
    this.#directory = directory
  }

  /** Reads the books; harmless when repeated. Fails, naming the file, when one cannot be read. */
  load(): Promise<void> {
    this.#loaded ??= this.#load()
    this.#loaded.catch(() => (this.#loaded = undefined))
    return this.#loaded
  }

  of(containerId: ContainerId): ContainerHolds | undefined {
    return this.#holders.get(containerId)
  }

  /** The containers that hold anything. */
  get containers(): readonly ContainerId[] {
    return [...this.#holders.keys()]
  }

  /** Whether another container holds the same thing. */
  heldBesides(containerId: ContainerId, hold: Hold): boolean {
    const key = holdKey(hold)
    for (const [holder, { holds }] of this.#holders)
      if (holder !== containerId && holds.some((other) => holdKey(other) === key)) return true
    return false
  }

  /** Whether another container has taken the same thing already. */
  takenBesides(containerId: ContainerId, hold: Hold): boolean {
    const key = holdKey(hold)
    for (const [holder, { holds }] of this.#holders)
      if (
        holder !== containerId &&
        this.#coming.get(holder)?.has(key) !== true &&
        holds.some((other) => holdKey(other) === key)
      )
        return true
    return false
  }

  /** The container has taken what it was about to take. */
  noteTaken(containerId: ContainerId, hold: Hold): void {
    this.#coming.get(containerId)?.delete(holdKey(hold))
  }

  /** Stores what a container holds; `coming` is what it is about to take. */
  async put(
    containerId: ContainerId,
    holds: ContainerHolds,
    coming: readonly Hold[] = [],
  ): Promise<void> {
    this.#coming.set(containerId, new Set(coming.map(holdKey)))
    await mkdir(this.#directory, { recursive: true, mode: 0o700 })
    await writeDurably(this.#path(containerId), JSON.stringify({ schema: SCHEMA, ...holds }))
    this.#holders.set(containerId, holds)
  }

  /** The container holds nothing any more. */
  async remove(containerId: ContainerId): Promise<void> {
    this.#coming.delete(containerId)
    if (!this.#holders.delete(containerId)) return
    await rm(this.#path(containerId), { force: true })
  }

  async #load(): Promise<void> {
    const names = (await ifExists(readdir(this.#directory))) ?? []
    for (const name of names) {
      if (!name.endsWith(".json")) continue
      const path = `${this.#directory}/${name}`
      this.#holders.set(name.slice(0, -".json".length) as ContainerId, await readHolds(path))
    }
  }

  #path(containerId: ContainerId): string {
    return `${this.#directory}/${containerId}.json`
  }
}

async function readHolds(path: string): Promise<ContainerHolds> {
  const { schema, boot, holds } = JSON.parse(await readFile(path, "utf8")) as {
    readonly schema: unknown
  } & ContainerHolds
  if (schema !== SCHEMA)
    throw new Error(`${path} is of version ${String(schema)}; this agent reads version ${SCHEMA}`)
  return { boot, holds }
}
