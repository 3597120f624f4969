import { afterEach, beforeEach, expect, test } from "bun:test"
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { sha256, FakeRegistry } from "#lib/io/images/testing/fake-registry.ts"
import { readArchive } from "#lib/io/images/store/archive.ts"
import { thisPlatform } from "#lib/io/images/source.ts"
import { UriFetcher } from "./uri-fetcher.ts"

let root: string
let sandbox: string
let registry: FakeRegistry
beforeEach(() => {
  root = mkdtempSync(`${tmpdir()}/dcos-fetch-image-`)
  sandbox = `${root}/sandbox`
  mkdirSync(sandbox)
  registry = new FakeRegistry()
})
afterEach(async () => {
  await registry.stop()
  rmSync(root, { recursive: true, force: true })
})

/** Fetches one image; the message of the failure, or "". */
async function fetchImage(name: string, outputFile?: string): Promise<string> {
  const fetcher = new UriFetcher({ cacheDir: `${root}/cache` })
  const uri = { value: `docker://${registry.host}/${name}`, extract: false }
  const uris = [outputFile === undefined ? uri : { ...uri, outputFile }]
  const { signal } = new AbortController()
  const fetched = await fetcher.fetch({ uris, sandbox, user: undefined, signal })
  return fetched.ok ? "" : fetched.error.message
}

const layer = (content: string) => ({ entries: [{ path: "file", content }] })

test("an image comes as one file, which is an image again", async () => {
  const twice = layer("lower")
  registry.offer("team/app:1", { layers: [twice, layer("upper"), twice], config: { Cmd: ["run"] } })
  expect(await fetchImage("team/app:1", "app.tar")).toBe("")
  expect(readdirSync(sandbox)).toEqual(["app.tar"])
  const directory = `${root}/layout`
  mkdirSync(directory)
  Bun.spawnSync(["tar", "-C", directory, "-xf", `${sandbox}/app.tar`])
  const image = await readArchive({ directory, name: "1", platform: thisPlatform() })
  expect(image.description.config.command).toEqual(["run"])
  expect(image.files).toHaveLength(3)
  for (const path of image.files)
    expect(sha256(await Bun.file(path).bytes()).endsWith(path.split("/").at(-1) ?? "?")).toBe(true)
})

test("is named by its last part, and told to be missing or not to be an image", async () => {
  registry.offer("app:1", { layers: [layer("x")] })
  expect(await fetchImage("app:1")).toBe("")
  expect(readdirSync(sandbox)).toEqual(["app:1"])
  expect(await fetchImage("app:2")).toContain(`fetching 'docker://${registry.host}/app:2' failed: `)
  expect(await fetchImage("App")).toContain("names no image")
  expect(existsSync(`${sandbox}/App`)).toBe(false)
})

test("content that is not what its digest says is refused, and nothing of it stays", async () => {
  registry.offer("app:1", { layers: [layer("x")] })
  registry.intercept = (_request, url) =>
    url.pathname.includes("/blobs/") ? new Response("something else") : undefined
  expect(await fetchImage("app:1")).toMatch(/failed: .*sha256/)
  expect(readdirSync(sandbox)).toEqual([])
})
