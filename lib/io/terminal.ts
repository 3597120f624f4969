import { writeSync } from "node:fs"
import { access, mkdir, open, readdir, readFile, rename, rm, writeFile } from "node:fs/promises"
import { homedir } from "node:os"
import { dirname } from "node:path"
import { isatty } from "node:tty"

/** What shells report for a process that wrote to a pipe nobody reads any more: 128 + SIGPIPE. */
const BROKEN_PIPE_EXIT = 141

/** Pause before writing again to a pipe that is full, in milliseconds. */
const FULL_PIPE_PAUSE_MS = 2

/** The real terminal, files, network and signals of this process, as the command line uses them. */
export function createTerminal(version: string) {
  const signal = abortOnSignals()
  return {
    stdout: createOutput(1, () => process.stdout.columns),
    stderr: createOutput(2, () => process.stderr.columns),
    stdin: createInput(signal),
    files: { readText, writeText, writeBytes, list, exists, rename, remove },
    fetch: fetchWith,
    env: process.env,
    homeDir: process.env["HOME"] || homedir(),
    platform: process.platform,
    version,
    now: () => Date.now(),
    sleep: (ms: number) => sleep(ms, signal),
    newId: () => crypto.randomUUID(),
    signal,
  }
}

/** Aborts on the first SIGINT or SIGTERM; the second ends the process as if nobody listened. */
function abortOnSignals(): AbortSignal {
  const controller = new AbortController()
  for (const name of ["SIGINT", "SIGTERM"] as const)
    process.once(name, () => controller.abort(new Error(name)))
  return controller.signal
}

function createOutput(fd: number, columns: () => number | undefined) {
  const isTerminal = isatty(fd)
  return {
    isTerminal,
    get columns() {
      return isTerminal ? columns() : undefined
    },
    write(text: string): void {
      const bytes = Buffer.from(text)
      for (let at = 0; at < bytes.length;) at += writeSome(fd, bytes, at)
    },
  }
}

/** Writes synchronously, so that nothing is lost when the process exits right after. */
function writeSome(fd: number, bytes: Buffer, at: number): number {
  try {
    return writeSync(fd, bytes, at)
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined
    if (code === "EPIPE") process.exit(BROKEN_PIPE_EXIT)
    if (code !== "EAGAIN") throw cause
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FULL_PIPE_PAUSE_MS)
    return 0
  }
}

function createInput(signal: AbortSignal) {
  const aborted = new Promise<never>((_, reject) =>
    signal.addEventListener("abort", () => reject(new Error("interrupted")), { once: true }),
  )
  aborted.catch(() => undefined)
  const decoder = new TextDecoder()
  let chunks: AsyncIterator<Uint8Array> | undefined
  let buffered = ""
  /** Adds the next piece to what is buffered; false at the end of input. */
  const more = async (): Promise<boolean> => {
    chunks ??= process.stdin[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>
    const next = await Promise.race([chunks.next(), aborted])
    buffered += next.done === true ? decoder.decode() : decoder.decode(next.value, { stream: true })
    return next.done !== true
  }
  return {
    isTerminal: isatty(0),
    async readAll(): Promise<string> {
      while (await more());
      const all = buffered
      buffered = ""
      return all
    },
    async readLine(): Promise<string | undefined> {
      while (!buffered.includes("\n") && (await more()));
      if (buffered === "") return undefined
      const newline = buffered.indexOf("\n")
      const line = newline < 0 ? buffered : buffered.slice(0, newline)
      buffered = newline < 0 ? "" : buffered.slice(newline + 1)
      return line.replace(/\r$/, "")
    },
  }
}

type FetchOptions = RequestInit & { readonly verify?: boolean | string | undefined }

function fetchWith(url: string, { verify, ...init }: FetchOptions): Promise<Response> {
  if (verify === undefined || verify === true) return fetch(url, init)
  const tls = verify === false ? { rejectUnauthorized: false } : { ca: Bun.file(verify) }
  return fetch(url, { ...init, tls })
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      clearTimeout(timer)
      reject(new Error("interrupted"))
    }
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", onAbort)
      resolve()
    }, ms)
    signal.addEventListener("abort", onAbort, { once: true })
    if (signal.aborted) onAbort()
  })
}

const isMissing = (cause: unknown): boolean =>
  cause instanceof Error && "code" in cause && (cause.code === "ENOENT" || cause.code === "ENOTDIR")

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8")
  } catch (cause) {
    if (isMissing(cause)) return undefined
    throw cause
  }
}

async function writeText(path: string, text: string, mode: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const draft = `${path}.${process.pid}.tmp`
  await writeFile(draft, text, { mode })
  await rename(draft, path)
}

async function writeBytes(path: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const file = await open(path, "w")
  try {
    for await (const chunk of chunks) await file.write(chunk)
  } finally {
    await file.close()
  }
}

async function list(path: string): Promise<readonly string[]> {
  try {
    return (await readdir(path)).sort()
  } catch (cause) {
    if (isMissing(cause)) return []
    throw cause
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

async function remove(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true })
}
