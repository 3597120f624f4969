import { afterEach, beforeEach, describe } from "bun:test"
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { DiskImageStore } from "#lib/io/images/disk-image-store.ts"
import type { DiskImageStoreOptions } from "#lib/io/images/disk-image-store.ts"
import type { ImageFailure, ImageRoot } from "#lib/ports/index.ts"
import type { Result } from "#lib/std/result.ts"
import { FakeRegistry } from "./fake-registry.ts"
import { unpacker } from "./unpacker.ts"

/** `describe` for tests that unpack layers, which only root can. */
export const withRoot = process.getuid?.() === 0 ? describe : describe.skip

/** A directory and a registry that each test has for itself. */
export let place = ""
/** The registry of the test. */
export let registry: FakeRegistry

/** Gives each test of the file its place and registry, and takes them away. */
export function useWorld(): void {
  beforeEach(() => {
    place = mkdtempSync(`${tmpdir()}/dcos-images-`)
    registry = new FakeRegistry()
  })
  afterEach(async () => {
    await registry.stop()
    rmSync(place, { recursive: true, force: true })
  })
}

/** A store below `place`; as after a restart of the agent where there was one before. */
export const open = (options: Partial<DiskImageStoreOptions> = {}): DiskImageStore =>
  new DiskImageStore({
    directory: `${place}/store`,
    unpacker,
    certificates: `${place}/certs`,
    answerMs: 2000,
    stallMs: 2000,
    ...options,
  })

/** What is asked for: "app:1" of the test's registry, by a container, unless it says otherwise. */
export type Asked = {
  readonly name?: string
  readonly cached?: boolean
  readonly holder?: string
  readonly credentials?: string
}

const never = new AbortController().signal

/** Asks a store for an image. */
export const pull = (
  store: DiskImageStore,
  { name = "app:1", ...asked }: Asked = {},
  signal = never,
): Promise<Result<ImageRoot, ImageFailure>> => {
  const reference = name.includes("/") ? name : `${registry.host}/${name}`
  return store.pull({ holder: "container", cached: true, ...asked, reference }, signal)
}

/** The image; throws when there is none. */
export async function pulled(store: DiskImageStore, asked: Asked = {}): Promise<ImageRoot> {
  const result = await pull(store, asked)
  if (!result.ok) throw new Error(result.error.message)
  return result.value
}

/** "code: message" of a pull that fails. */
export async function failure(store: DiskImageStore, asked: Asked = {}): Promise<string> {
  const result = await pull(store, asked)
  return result.ok ? "pulled" : `${result.error.code}: ${result.error.message}`
}

/** A layer with one file. */
export const layer = (name: string, content = name) => ({ entries: [{ path: name, content }] })

/** The text of a file in a layer of an image. */
export const read = (root: ImageRoot, index: number, name: string): string =>
  readFileSync(`${root.layers[index]?.path}/${name}`, "utf8")

/** What lies where layers are made and removed. */
export const staged = (): readonly string[] => readdirSync(`${place}/store/staging`)
