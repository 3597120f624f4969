import type { agent as v1 } from "#lib/mesos/index.ts"
import type { FileEntry, FileLocation, FileProblem } from "#lib/ports/index.ts"
import { modeNumber } from "#lib/std/file-mode.ts"
import { err, ok, type Result } from "#lib/std/result.ts"
import type { Agent } from "#lib/agent/core/agent.ts"
import type { ExecutorRecord } from "#lib/agent/core/records.ts"
import type { AgentHttpOptions } from "./ports.ts"

/** Bytes of one `/files/read` at most: 16 pages. Source: apache/mesos: src/files/files.cpp. */
const READ_LIMIT_BYTES = 64 * 1024

/** A sandbox below the work directory, and how many segments that is, the empty first one included. */
const RUN = /^\/slaves\/[^/]+\/frameworks\/[^/]+\/executors\/[^/]+\/runs\/[^/]+$/
const RUN_SEGMENTS = 9

/** A reply of the files API before it is written. */
export type FilesReply =
  | { readonly kind: "json"; readonly body: string | Uint8Array<ArrayBuffer> }
  | RefusedFile

/** Why a file is not shown. */
export type RefusedFile = {
  readonly kind: "refused"
  readonly status: 400 | 403 | 404
  readonly message: string
}

/** Which files there are: virtual paths with the real directories behind them, for `/files/debug`. */
export function publishedPaths(options: AgentHttpOptions): Readonly<Record<string, string>> {
  const published: Record<string, string> = {}
  const { agent } = options.driver
  if (options.logFile !== undefined) {
    const real = `${options.logFile.root}/${options.logFile.path}`
    published["/slave/log"] = real
    published["/agent/log"] = real
  }
  for (const executor of executorsOf(agent)) {
    const { directory } = executor.launch
    published[directory] = directory
    published[latestPath(executor)] = directory
  }
  return published
}

/** The file behind a virtual path, or undefined when nothing is published there. */
export function resolvePath(options: AgentHttpOptions, path: string): FileLocation | undefined {
  if (path === "/slave/log" || path === "/agent/log") return options.logFile
  const { agent } = options.driver
  const { workDir } = agent.options
  // Sandboxes are published as long as they exist, which is longer than their executor is history.
  if (path.startsWith(`${workDir}/slaves/`)) {
    const segments = path.slice(workDir.length).split("/").slice(0, RUN_SEGMENTS)
    const run = segments.join("/")
    const root = `${workDir}${run}`
    return RUN.test(run) && !segments.includes("..") ? below(root, path, root.length) : undefined
  }
  const latest = /^(\/frameworks\/([^/]+)\/executors\/([^/]+)\/runs\/latest)(?:\/|$)/.exec(path)
  if (latest === null) return undefined
  const [, prefix = "", frameworkId, executorId] = latest
  let newest: ExecutorRecord | undefined
  for (const executor of executorsOf(agent)) {
    const { launch } = executor
    if (launch.frameworkId !== frameworkId || launch.info.executorId !== executorId) continue
    if (newest === undefined || newest.launch.order < launch.order) newest = executor
  }
  return newest && below(newest.launch.directory, path, prefix.length)
}

/** `/files/browse`: what a directory holds. */
export async function browse(options: AgentHttpOptions, path: string): Promise<FilesReply> {
  const entries = await entriesOf(options, path)
  return entries.ok ? { kind: "json", body: JSON.stringify(entries.value) } : entries.error
}

type ShownEntry = { readonly path: string } & Omit<FileEntry, "name">

/** What a directory holds, each by its whole virtual path. */
async function entriesOf(
  options: AgentHttpOptions,
  path: string,
): Promise<Result<readonly ShownEntry[], RefusedFile>> {
  const location = resolvePath(options, path)
  if (location === undefined) return err(NOT_FOUND)
  const entries = await options.sandboxes.list(location)
  // Of a file it says that there is nothing in it. Source: apache/mesos: src/files/files.cpp (browse).
  if (!entries.ok)
    return entries.error.code === "notADirectory" ? ok([]) : err(refusal(entries.error))
  const base = path.replace(/\/+$/, "")
  return ok(entries.value.map(({ name, ...entry }) => ({ path: `${base}/${name}`, ...entry })))
}

/** LIST_FILES: as `/files/browse`, with times in nanoseconds and modes as numbers. */
export async function listFiles(
  options: AgentHttpOptions,
  path: string,
): Promise<Result<v1.ResponseListFiles, RefusedFile>> {
  const entries = await entriesOf(options, path)
  if (!entries.ok) return entries
  const fileInfos = entries.value.map(({ mtime, mode, ...entry }) => ({
    ...entry,
    mtime: { nanoseconds: mtime * 1_000_000_000 },
    mode: modeNumber(mode),
  }))
  return ok({ fileInfos })
}

/** READ_FILE: a part of a file, and its whole size. */
export async function readPart(
  options: AgentHttpOptions,
  { path, offset, length }: v1.CallReadFile,
): Promise<Result<v1.ResponseReadFile, RefusedFile>> {
  const location = resolvePath(options, path)
  if (location === undefined) return err(NOT_FOUND)
  const wanted = Math.min(length ?? READ_LIMIT_BYTES, READ_LIMIT_BYTES)
  const slice = await options.sandboxes.read(location, { offset, length: wanted })
  if (!slice.ok) return err(refusal(slice.error))
  return ok({ size: slice.value.fileSize, data: slice.value.bytes.toBase64() })
}

/** `/files/read`: a part of a file, or its size when no offset is given. */
export async function read(
  options: AgentHttpOptions,
  query: {
    readonly path: string
    readonly offset: string | undefined
    readonly length: string | undefined
  },
): Promise<FilesReply> {
  const offset = query.offset === undefined ? -1 : Number(query.offset)
  if (!isInteger(query.offset)) return refused(400, `Failed to parse offset: '${query.offset}'`)
  if (!isInteger(query.length)) return refused(400, `Failed to parse length: '${query.length}'`)
  if (offset < -1) return refused(400, `Negative offset provided: ${offset}`)
  const length = query.length === undefined ? -1 : Number(query.length)
  if (length < -1) return refused(400, `Negative length provided: ${length}`)
  const location = resolvePath(options, query.path)
  if (location === undefined) return NOT_FOUND
  const wanted = length === -1 ? READ_LIMIT_BYTES : Math.min(length, READ_LIMIT_BYTES)
  const slice = await options.sandboxes.read(location, {
    offset: Math.max(offset, 0),
    length: offset === -1 ? 0 : wanted,
  })
  if (!slice.ok) return refusal(slice.error)
  const { bytes, fileSize } = slice.value
  return { kind: "json", body: encodeSlice(bytes, offset === -1 ? fileSize : offset) }
}

/**
 * `{"data":…,"offset":…}` with the bytes of the file as they are, escaped where JSON must: a reader
 * that counts bytes finds as many as the file has, even where a character is cut in two.
 */
export function encodeSlice(bytes: Uint8Array, offset: number): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder()
  const head = encoder.encode('{"data":"')
  const tail = encoder.encode(`","offset":${offset}}`)
  // The longest escape has six bytes.
  const out = new Uint8Array(head.length + 6 * bytes.length + tail.length)
  out.set(head)
  let at = head.length
  for (const byte of bytes) {
    if (byte === 0x22 || byte === 0x5c) {
      out[at++] = 0x5c
      out[at++] = byte
    } else if (byte >= 0x20) out[at++] = byte
    else at += encoder.encodeInto(escapeControl(byte), out.subarray(at)).written
  }
  out.set(tail, at)
  return out.slice(0, at + tail.length)
}

const SHORT_ESCAPES: Readonly<Record<number, string>> = {
  8: "\\b",
  9: "\\t",
  10: "\\n",
  12: "\\f",
  13: "\\r",
}

const escapeControl = (byte: number): string =>
  SHORT_ESCAPES[byte] ?? `\\u${byte.toString(16).padStart(4, "0")}`

/** A refusal of the files API. */
export const refused = (status: 400 | 403 | 404, message: string): RefusedFile => ({
  kind: "refused",
  status,
  message: `${message}.\n`,
})

/** Nothing is published at the path. */
export const NOT_FOUND = refused(404, "File not found")

/** How a problem with a file is answered. */
export function refusal(problem: FileProblem): RefusedFile {
  switch (problem.code) {
    case "notFound":
      return NOT_FOUND
    case "notAFile":
      return refused(400, "Cannot read a directory")
    case "notADirectory":
      return refused(400, "Not a directory")
    case "denied":
      return refused(403, "Permission denied")
    default:
      return problem.code satisfies never
  }
}

const below = (root: string, path: string, prefixLength: number): FileLocation => ({
  root,
  path: path.slice(prefixLength).replace(/^\/+/, "").replace(/\/+$/, ""),
})

const isInteger = (text: string | undefined): boolean =>
  text === undefined || /^-?\d{1,15}$/.test(text)

function* executorsOf(agent: Agent): Generator<ExecutorRecord> {
  for (const framework of agent.workload.frameworks) {
    yield* framework.completedExecutors
    yield* framework.executors.values()
  }
}

const latestPath = ({ launch }: ExecutorRecord): string =>
  `/frameworks/${launch.frameworkId}/executors/${launch.info.executorId}/runs/latest`
