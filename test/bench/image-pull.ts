import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { gzipSync } from "node:zlib"
import { DiskImageStore } from "../../lib/io/index.ts"
import { temporaryFolder } from "../fixtures/daemons.ts"
import { Registry, type PushedLayer } from "../fixtures/registry.ts"
import { waitFor } from "../fixtures/wait.ts"
import { atMost, median, type Benchmark } from "./result.ts"

/** Five layers of a hundred million bytes: files of 100 kB, which gzip makes half as large. */
const LAYERS = 5
const FILES = 1000
const FILE_BYTES = 100_000

/** Runs of each, in turn: a disk is not as fast at one time as at another. */
const RUNS = 3

/** No more than a turn of this many milliseconds may pass before the agent does something else. */
const LAG_BUDGET_MS = 50

/**
 * A tar as GNU tar writes it. Its files lie in memory where they can: for minutes ext4 passes over every
 * inode whose file was removed, one by one, whenever a file is made near it.
 */
async function layerTar(index: number): Promise<Buffer> {
  const memory = "/dev/shm"
  const path = mkdtempSync(`${existsSync(memory) ? memory : tmpdir()}/dcos-`)
  try {
    for (let at = 0; at < FILES; at++) {
      const content = Buffer.alloc(FILE_BYTES, `${index} ${at} `)
      for (let start = 0; start < FILE_BYTES / 2; start += 50_000)
        crypto.getRandomValues(content.subarray(start, start + 50_000))
      const directory = `${path}/${index}/${at % 50}`
      mkdirSync(directory, { recursive: true })
      await Bun.write(`${directory}/${at}`, content)
    }
    const tar = Bun.spawn(["tar", "-C", path, "-c", "."], { stdout: "pipe" })
    return Buffer.from(await new Response(tar.stdout).arrayBuffer())
  } finally {
    rmSync(path, { recursive: true })
  }
}

/** The longest time in milliseconds that the event loop did nothing else while work was done. */
async function longestTurn(work: Promise<unknown>): Promise<number> {
  let longest = 0
  const watched = { isOver: false }
  const ending = work.finally(() => (watched.isOver = true))
  while (!watched.isOver) {
    const start = performance.now()
    await Bun.sleep(1)
    longest = Math.max(longest, performance.now() - start - 1)
  }
  await ending
  return longest
}

/** Seconds that a command of the shell takes. */
async function seconds(command: string, cwd: string): Promise<number> {
  const start = performance.now()
  const child = Bun.spawn(["sh", "-ec", command], { cwd, stderr: "pipe" })
  if ((await child.exited) !== 0) throw new Error(await new Response(child.stderr).text())
  return (performance.now() - start) / 1000
}

const MEGABYTES = (LAYERS * FILES * FILE_BYTES) / 1e6

/** Writes as many bytes as one file, and has the disk keep them. */
const WRITE_ONE = `dd if=/dev/zero of=one bs=1000000 count=${MEGABYTES} conv=fsync; rm one`

/** Writes the very files of the image from archives, plain or packed, two at a time. */
const writeFiles = (directory: string, suffix: "tar" | "tgz"): string =>
  `mkdir ${directory}; ls *.${suffix} | xargs -P 2 -I{} sh -c 'mkdir ${directory}/{}; tar -x ${suffix === "tgz" ? "-z" : ""} -C ${directory}/{} -f {}'; sync -f ${directory}`

/** Pulls the image into a store of its own, until the disk has all of it. */
async function pull(directory: string, registry: Registry, executable: string) {
  const store = new DiskImageStore({ directory, unpacker: [executable, "unpack-layer"] })
  const start = performance.now()
  const request = { holder: "bench", reference: `${registry.host}/bench:1`, cached: true }
  const pulling = store.pull(request, new AbortController().signal)
  const lag = await longestTurn(pulling)
  const result = await pulling
  if (!result.ok) throw new Error(result.error.message)
  const ready = (performance.now() - start) / 1000
  const names = readdirSync(`${directory}/layers`)
  await waitFor("the layers on the disk", () =>
    names.every((name) => readdirSync(`${directory}/layers/${name}`).includes("durable")),
  )
  return { ready, durable: (performance.now() - start) / 1000, lag }
}

/** What one turn measured: seconds, and milliseconds of lag. */
type Turn = Record<"one" | "files" | "packed" | "ready" | "durable" | "lag", number>

/** Pulls an image of 500 MB from a registry on this machine, and writes the same without any pull. */
async function run(executable: string) {
  if (process.getuid?.() !== 0 || Bun.which("docker-registry") === null)
    throw new Error("image-pull needs root and docker-registry (Debian: docker-registry)")
  const folder = temporaryFolder()
  const registry = await Registry.start(`${folder.path}/registry`)
  try {
    const layers: PushedLayer[] = []
    for (let index = 0; index < LAYERS; index++) {
      const tar = await layerTar(index)
      await Bun.write(`${folder.path}/${index}.tar`, tar)
      const packed = gzipSync(tar)
      await Bun.write(`${folder.path}/${index}.tgz`, packed)
      layers.push({ tar, pack: () => packed })
    }
    await registry.push("bench:1", { layers })
    layers.length = 0
    const figures: Turn[] = []
    for (let turn = 0; turn < RUNS; turn++) {
      const one = await seconds(WRITE_ONE, folder.path)
      const files = await seconds(writeFiles(`files-${turn}`, "tar"), folder.path)
      const packed = await seconds(writeFiles(`packed-${turn}`, "tgz"), folder.path)
      // Nothing is removed before the end: see `layerTar`.
      const pulled = await pull(`${folder.path}/store-${turn}`, registry, executable)
      figures.push({ one, files, packed, ...pulled })
    }
    const middle = (name: keyof Turn): number => median(figures.map((figure) => figure[name]))
    return [
      atMost("image-pull", middle("durable"), "s", middle("files")),
      atMost("image-pull-ready", middle("ready"), "s", null),
      atMost("image-pull-tar", middle("files"), "s", null),
      atMost("image-pull-gunzip", middle("packed"), "s", null),
      atMost("image-pull-dd", middle("one"), "s", null),
      atMost("image-pull-lag", middle("lag"), "ms", LAG_BUDGET_MS),
    ]
  } finally {
    await registry.end()
    folder.remove()
  }
}

/**
 * A pull against the disk: the budget is what the disk takes, in the same run, for the same files from
 * plain archives that lie on it. `dd` of as many bytes as one file is the disk's best; beside it
 * stands what gzip and tar take for the packed archives, as they come from a registry.
 */
export const imagePull: Benchmark = {
  name: "image-pull",
  measures: [
    "image-pull",
    "image-pull-ready",
    "image-pull-tar",
    "image-pull-gunzip",
    "image-pull-dd",
    "image-pull-lag",
  ],
  run,
}
