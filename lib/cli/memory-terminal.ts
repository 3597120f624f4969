import type { Fetch, Terminal } from "./context.ts"
import { runCommandLine, type CommandTable } from "./run.ts"

/** What a memory terminal starts with; everything has a default. */
export type MemoryOptions = {
  /** Text that waits on standard input. */
  readonly input?: string
  readonly inputIsTerminal?: boolean
  /** Chunks of standard input where it is read by those; more may come later. */
  readonly chunks?: AsyncIterable<Uint8Array>
  readonly env?: Readonly<Record<string, string>>
  readonly files?: Readonly<Record<string, string>>
  readonly fetch?: Fetch
  readonly signal?: AbortSignal
}

/** A terminal whose screen, files and clock are memory, with what was written on it. */
export type MemoryTerminal = Terminal & {
  /** Everything written to standard output so far. */
  readonly out: () => string
  /** Everything written to standard error so far. */
  readonly errors: () => string
  /** Files by path. */
  readonly disk: Map<string, string>
  /** Whether the input is raw now. */
  readonly raw: () => boolean
}

/** A terminal in memory: the commands under test see no file, no socket and no clock. */
export function createMemoryTerminal(options: MemoryOptions = {}): MemoryTerminal {
  const disk = new Map(Object.entries(options.files ?? {}))
  let out = ""
  let errors = ""
  let input = options.input ?? ""
  let now = Date.UTC(2024, 0, 1)
  let ids = 0
  let raw = false
  const output = (write: (text: string) => void) => ({
    write,
    writeBytes: async (bytes: Uint8Array) => write(new TextDecoder().decode(bytes)),
    isTerminal: false,
    columns: options.inputIsTerminal === true ? 80 : undefined,
    rows: options.inputIsTerminal === true ? 24 : undefined,
  })
  return {
    out: () => out,
    errors: () => errors,
    disk,
    raw: () => raw,
    stdout: output((text) => void (out += text)),
    stderr: output((text) => void (errors += text)),
    stdin: {
      isTerminal: options.inputIsTerminal ?? false,
      readAll: async () => {
        const all = input
        input = ""
        return all
      },
      readLine: async () => {
        if (input === "") return undefined
        const [line = "", ...rest] = input.split("\n")
        input = rest.join("\n")
        return line
      },
      chunks: () => options.chunks ?? once(input),
      setRaw: (on) => void (raw = on),
    },
    files: filesOn(disk),
    fetch: options.fetch ?? (() => Promise.reject(new Error("there is no network"))),
    env: options.env ?? {},
    homeDir: "/home/ada",
    platform: "linux",
    version: "1.2.3",
    now: () => now,
    sleep: async (ms) => void (now += ms),
    newId: () => `00000000-0000-4000-8000-${String(++ids).padStart(12, "0")}`,
    onResize: () => () => undefined,
    signal: options.signal ?? new AbortController().signal,
  }
}

/** Files that are entries of a map. */
function filesOn(disk: Map<string, string>): Terminal["files"] {
  const under = (path: string) => [...disk.keys()].filter((key) => key.startsWith(`${path}/`))
  return {
    readText: async (path) => disk.get(path),
    writeText: async (path, text) => void disk.set(path, text),
    writeBytes: async (path, chunks) => {
      const decoder = new TextDecoder()
      let text = ""
      for await (const chunk of chunks) text += decoder.decode(chunk, { stream: true })
      disk.set(path, text)
    },
    list: async (path) =>
      [...new Set(under(path).map((key) => key.slice(path.length + 1).split("/")[0] ?? ""))].sort(),
    exists: async (path) => disk.has(path) || under(path).length > 0,
    rename: async (from, to) => {
      disk.set(to, disk.get(from) ?? "")
      disk.delete(from)
    },
    remove: async (path) => {
      for (const key of [path, ...under(path)]) disk.delete(key)
    },
  }
}

async function* once(text: string): AsyncGenerator<Uint8Array> {
  if (text !== "") yield new TextEncoder().encode(text)
}

/** A call as a fake server sees it. */
export type FakeCall = {
  readonly method: string
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  readonly headers: Headers
  /** The JSON body, if there is one. */
  readonly body: unknown
}

/** Answers of a fake server by "METHOD path": a value is 200 with that JSON. */
export type FakeRoutes = Readonly<Record<string, unknown>>

type Handler = (call: FakeCall) => unknown

/** A network with one server on it, whose calls are kept in order. */
export function createFakeServer(routes: FakeRoutes, origin = "http://cluster") {
  const calls: FakeCall[] = []
  const fetch: Fetch = async (url, init) => {
    const { pathname, searchParams, origin: asked } = new URL(url)
    if (asked !== origin)
      throw Object.assign(new Error("Unable to connect"), { code: "ConnectionRefused" })
    const call: FakeCall = {
      method: init.method ?? "GET",
      path: decodeURIComponent(pathname),
      query: Object.fromEntries(searchParams),
      headers: new Headers(init.headers),
      body: typeof init.body === "string" ? JSON.parse(init.body) : undefined,
    }
    calls.push(call)
    const route = routes[`${call.method} ${call.path}`]
    const answer: unknown = typeof route === "function" ? await (route as Handler)(call) : route
    if (answer instanceof Response) return answer.clone() as Response
    if (answer === undefined)
      return Response.json({ message: `no route for ${call.method} ${call.path}` }, { status: 404 })
    return Response.json(answer)
  }
  return { fetch, calls }
}

/** A memory terminal, and a server it talks to. */
export type MemoryRunOptions = MemoryOptions & { readonly routes?: FakeRoutes }

/**
 * Runs one command line in memory against a fake cluster at http://cluster; words are separated by
 * blanks, or given as a list where one contains a blank.
 */
export async function runInMemory(
  table: CommandTable,
  line: string | readonly string[],
  options: MemoryRunOptions = {},
) {
  const server = createFakeServer(options.routes ?? {})
  const env = { DCOS_URL: "http://cluster", ...options.env }
  const terminal = createMemoryTerminal({ fetch: server.fetch, ...options, env })
  const words = typeof line === "string" ? line.split(" ").filter((word) => word !== "") : line
  const code = await runCommandLine(table, words, terminal)
  const { calls } = server
  return { code, out: terminal.out(), errors: terminal.errors(), calls, disk: terminal.disk }
}
