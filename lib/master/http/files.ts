import type { master as v1 } from "#lib/mesos/index.ts"
import type { FileEntry, FileLocation, FileProblem } from "#lib/ports/index.ts"
import { modeNumber } from "#lib/std/file-mode.ts"
import type { Admitted } from "./admission.ts"
import type { MasterHttpOptions, PublishedFiles } from "./ports.ts"
import { replyJson } from "./respond.ts"
import { refuse } from "#lib/std/refuse.ts"

/** Bytes of one `/files/read`: sixteen pages. Source: apache/mesos: src/files/files.cpp. */
const READ_LIMIT = 16 * 4096

const statusOf: Readonly<Record<FileProblem["code"], number>> = {
  notFound: 404,
  notAFile: 400,
  notADirectory: 400,
  denied: 403,
}

const types: Readonly<Record<string, string>> = {
  css: "text/css",
  csv: "text/csv",
  htm: "text/html",
  html: "text/html",
  js: "application/javascript",
  json: "application/json",
  log: "text/plain",
  png: "image/png",
  txt: "text/plain",
  xml: "application/xml",
}

/** The file behind a virtual path, which names a published file or something below it. */
function locate(published: PublishedFiles | undefined, path: string): FileLocation | undefined {
  for (const [virtual, { root, path: inner }] of published?.files ?? []) {
    if (path === virtual) return { root, path: inner }
    if (path.startsWith(`${virtual}/`))
      return { root, path: [inner, path.slice(virtual.length + 1)].filter(Boolean).join("/") }
  }
  return undefined
}

type Request = { readonly reader: PublishedFiles["reader"]; readonly path: string } & {
  readonly location: FileLocation
}

/** Finds what the query's `path` names, or says why not. */
function requested(options: MasterHttpOptions, { context }: Admitted): Request | Response {
  const path = context.req.query("path")
  return path ? find(options, path) : refuse(400, "Expecting 'path=value' in query.")
}

function find(options: MasterHttpOptions, path: string): Request | Response {
  const location = locate(options.published, path)
  if (location === undefined || options.published === undefined)
    return refuse(404, `No file or directory is published as '${path}'`)
  return { reader: options.published.reader, path, location }
}

const refuseFile = (problem: FileProblem): Response =>
  refuse(statusOf[problem.code], problem.message)

/** GET /files/browse: what is in a directory. */
export async function browseFiles(
  options: MasterHttpOptions,
  admitted: Admitted,
): Promise<Response> {
  const request = requested(options, admitted)
  if (request instanceof Response) return request
  const shown = await entriesOf(request)
  return shown instanceof Response ? shown : replyJson(admitted.context, shown, options.clock)
}

type ShownEntry = Omit<FileEntry, "name"> & { readonly path: string }

/** What is in a directory, each by its whole virtual path; nothing is in a file. */
async function entriesOf({
  reader,
  path,
  location,
}: Request): Promise<Response | readonly ShownEntry[]> {
  const listed = await reader.list(location)
  if (!listed.ok) return listed.error.code === "notADirectory" ? [] : refuseFile(listed.error)
  const folder = path.replace(/\/$/, "")
  return listed.value.map(({ name, ...entry }) => ({ path: `${folder}/${name}`, ...entry }))
}

/** LIST_FILES: as `/files/browse`, with times in nanoseconds and modes as numbers. */
export async function listFilesCall(
  options: MasterHttpOptions,
  { path }: v1.CallListFiles,
): Promise<Response | v1.Response> {
  const request = find(options, path)
  if (request instanceof Response) return request
  const shown = await entriesOf(request)
  if (shown instanceof Response) return shown
  const fileInfos = shown.map(({ mtime, mode, ...entry }) => ({
    ...entry,
    mtime: { nanoseconds: mtime * 1_000_000_000 },
    mode: modeNumber(mode),
  }))
  return { kind: "listFiles", fileInfos }
}

/** READ_FILE: a part of a file, and its whole size. */
export async function readFileCall(
  options: MasterHttpOptions,
  { path, offset, length }: v1.CallReadFile,
): Promise<Response | v1.Response> {
  const request = find(options, path)
  if (request instanceof Response) return request
  const wanted = Math.min(length ?? READ_LIMIT, READ_LIMIT)
  const read = await request.reader.read(request.location, { offset, length: wanted })
  if (!read.ok) return refuseFile(read.error)
  const { bytes, fileSize } = read.value
  return { kind: "readFile", size: fileSize, data: bytes.toBase64() }
}

/** GET /files/read: a part of a file as text; without an offset, its size. */
export async function readFile(options: MasterHttpOptions, admitted: Admitted): Promise<Response> {
  const request = requested(options, admitted)
  if (request instanceof Response) return request
  const { context } = admitted
  const offset = integer(context.req.query("offset"))
  if (offset === undefined) return refuse(400, "Failed to parse offset: expected a whole number")
  const length = integer(context.req.query("length"))
  if (length === undefined) return refuse(400, "Failed to parse length: expected a whole number")
  const wanted = length === -1 ? READ_LIMIT : Math.min(length, READ_LIMIT)
  const range = offset === -1 ? { offset: 0, length: 0 } : { offset, length: wanted }
  const read = await request.reader.read(request.location, range)
  if (!read.ok) return refuseFile(read.error)
  const { bytes, fileSize } = read.value
  const answer =
    offset === -1
      ? { data: "", offset: fileSize }
      : { data: new TextDecoder().decode(wholeCharacters(bytes)), offset }
  return replyJson(context, answer, options.clock)
}

/** -1 when absent, undefined when it is no number from -1 up. */
function integer(text: string | undefined): number | undefined {
  if (text === undefined) return -1
  return /^(-1|\d{1,15})$/.test(text) ? Number(text) : undefined
}

/** Without a character that the end of the part cuts: the next part begins with it. */
export function wholeCharacters(bytes: Uint8Array): Uint8Array {
  for (let back = 1; back <= 3 && back < bytes.length; back++) {
    const byte = bytes[bytes.length - back] ?? 0
    if (byte < 0x80) return bytes
    const size = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 0
    if (size > 0) return size > back ? bytes.subarray(0, bytes.length - back) : bytes
  }
  return bytes
}

/** GET /files/download: a whole file. */
export async function downloadFile(
  options: MasterHttpOptions,
  admitted: Admitted,
): Promise<Response> {
  const request = requested(options, admitted)
  if (request instanceof Response) return request
  const download = await request.reader.download(request.location)
  if (!download.ok) return refuseFile(download.error)
  const { name, size, body } = download.value
  const extension = /\.([^.]+)$/.exec(name)?.[1]?.toLowerCase() ?? ""
  return new Response(body, {
    headers: {
      "content-type": types[extension] ?? "application/octet-stream",
      "content-disposition": `attachment; filename=${JSON.stringify(name)}`,
      "content-length": String(size),
    },
  })
}

/** GET /files/debug: where the published files lie. */
export const debugFiles = (options: MasterHttpOptions, { context }: Admitted): Response =>
  replyJson(
    context,
    Object.fromEntries(
      [...(options.published?.files ?? [])].map(([virtual, { root, path }]) => [
        virtual,
        path === "" ? root : `${root}/${path}`,
      ]),
    ),
    options.clock,
  )
