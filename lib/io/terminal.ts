/** What shells report for a process that wrote to a pipe nobody reads any more: 128 + SIGPIPE. */
const BROKEN_PIPE_EXIT = 141

/**
 * The real terminal, files, network and signals of this process, as the command line uses them.
 * Every start of the executable pays for this module, so it keeps to what is cheap: `node:fs` costs
 * 3 ms and `node:tty` 8, so files are read by Bun's own calls, and whether a stream is a terminal
 * is found out when somebody asks. `finish` waits until all output is written.
 */
export function createTerminal(version: string) {
  const signal = abortOnSignals()
  const stdout = createOutput(1)
  const stderr = createOutput(2)
  return {
    stdout,
    stderr,
    stdin: createInput(signal),
    files: { readText, writeText, writeBytes, list, exists, rename, remove },
    fetch: fetchWith,
    env: process.env,
    homeDir: process.env["HOME"] || process.env["USERPROFILE"] || ".",
    platform: process.platform,
    version,
    now: () => Date.now(),
    sleep: (ms: number) => sleep(ms, signal),
    newId: () => crypto.randomUUID(),
    onResize: (listener: () => void) => {
      process.on("SIGWINCH", listener)
      return () => void process.off("SIGWINCH", listener)
    },
    signal,
    finish: async () => {
      await stdout.finish()
      await stderr.finish()
    },
  }
}

/** Aborts on the first SIGINT or SIGTERM; the second ends the process as if nobody listened. */
function abortOnSignals(): AbortSignal {
  const controller = new AbortController()
  for (const name of ["SIGINT", "SIGTERM"] as const)
    process.once(name, () => controller.abort(new Error(name)))
  return controller.signal
}

/** The streams of Node by number; each is made on first use, which is what costs. */
const streamOf = (fd: 0 | 1 | 2) =>
  fd === 0 ? process.stdin : fd === 1 ? process.stdout : process.stderr

const isTerminal = (fd: 0 | 1 | 2): boolean => streamOf(fd).isTTY

function createOutput(fd: 1 | 2) {
  const file = fd === 1 ? Bun.stdout : Bun.stderr
  let writer: Bun.FileSink | undefined
  let written: Promise<unknown> = Promise.resolve()
  return {
    get isTerminal() {
      return isTerminal(fd)
    },
    get columns() {
      return isTerminal(fd) ? (fd === 1 ? process.stdout : process.stderr).columns : undefined
    },
    get rows() {
      return isTerminal(fd) ? (fd === 1 ? process.stdout : process.stderr).rows : undefined
    },
    async writeBytes(bytes: Uint8Array): Promise<void> {
      writer ??= file.writer()
      try {
        await written
        await writer.write(bytes)
        await writer.flush()
      } catch (cause) {
        endOnBrokenPipe(cause)
      }
    },
    write(text: string): void {
      const sink = (writer ??= file.writer())
      // A broken pipe rejects either of the two, or is thrown by one.
      const parts = [async () => sink.write(text), async () => sink.flush()].map((part) => part())
      written = Promise.all([written, ...parts]).catch(endOnBrokenPipe)
    },
    finish: () => written,
  }
}

/** Nobody reads any more (`dcos task log x | head`): the rest is not worth a message. */
function endOnBrokenPipe(cause: unknown): void {
  if (cause instanceof Error && "code" in cause && cause.code === "EPIPE")
    process.exit(BROKEN_PIPE_EXIT)
  throw cause
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
    get isTerminal() {
      return isTerminal(0)
    },
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
    chunks: () => process.stdin as AsyncIterable<Uint8Array>,
    setRaw: (raw: boolean) => void process.stdin.setRawMode(raw),
  }
}

type FetchOptions = RequestInit & { readonly verify?: boolean | string | undefined }

async function fetchWith(url: string, { verify = true, ...init }: FetchOptions): Promise<Response> {
  if (!/^https:/i.test(url)) return fetch(url, init)
  if (verify === false) return fetch(url, { ...init, tls: { rejectUnauthorized: false } })
  if (verify !== true) return fetch(url, { ...init, tls: { ca: Bun.file(verify) } })
  // Loaded only now: most commands speak http, and start sooner without it.
  const { trustedAuthorities } = await import("#lib/io/host/authorities.ts")
  return fetch(url, { ...init, tls: { ca: trustedAuthorities() } })
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
    return await Bun.file(path).text()
  } catch (cause) {
    if (isMissing(cause)) return undefined
    throw cause
  }
}

const folderOf = (path: string): string => path.slice(0, path.lastIndexOf("/")) || "."

async function writeText(path: string, text: string, mode: number): Promise<void> {
  const { mkdir, rename, writeFile } = await import("node:fs/promises")
  await mkdir(folderOf(path), { recursive: true })
  const draft = `${path}.${process.pid}.tmp`
  await writeFile(draft, text, { mode })
  await rename(draft, path)
}

async function writeBytes(path: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  const { mkdir, open } = await import("node:fs/promises")
  await mkdir(folderOf(path), { recursive: true })
  const file = await open(path, "w")
  try {
    for await (const chunk of chunks) await file.writeFile(chunk)
  } finally {
    await file.close()
  }
}

async function list(path: string): Promise<readonly string[]> {
  try {
    return await Array.fromAsync(
      new Bun.Glob("*").scan({ cwd: path, onlyFiles: false, dot: true }),
    ).then((names) => names.sort())
  } catch (cause) {
    if (isMissing(cause)) return []
    throw cause
  }
}

/** Whether there is a file (not a folder) of that name. */
const exists = (path: string): Promise<boolean> => Bun.file(path).exists()

async function rename(from: string, to: string): Promise<void> {
  const { rename } = await import("node:fs/promises")
  await rename(from, to)
}

async function remove(path: string): Promise<void> {
  const { rm } = await import("node:fs/promises")
  await rm(path, { recursive: true, force: true })
}
