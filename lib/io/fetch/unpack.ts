import { createReadStream, createWriteStream } from "node:fs"
import { chown, mkdir, open } from "node:fs/promises"
import type { FileHandle } from "node:fs/promises"
import { pipeline } from "node:stream/promises"
import { createGunzip } from "node:zlib"
import type { Account } from "#lib/io/host/accounts.ts"
import { leash } from "#lib/io/host/leash.ts"
import { Tail } from "#lib/io/host/tail.ts"
import { guardTree, isOutside, mergeTree } from "./archive-guard.ts"
import { DiskFull, isFull } from "./room.ts"
import type { ArchiveKind } from "./uri.ts"

/** What to unpack. */
export type UnpackRequest = {
  /** Where the archive lies; for unzip the task's user must be able to open it. */
  readonly archive: string
  readonly kind: ArchiveKind
  /** The archive's name, which a gunzipped file keeps without ".gz". */
  readonly name: string
  /** A directory that exists and that only the agent can enter, on the same file system as `directory`. */
  readonly staging: string
  /** Where to. */
  readonly directory: FileHandle
  /** Who owns what comes out; undefined means the agent's own account. */
  readonly owner: Account | undefined
  /** The start of a command line that runs as the owner. */
  readonly asUser: readonly string[]
  readonly signal: AbortSignal
}

/**
 * Unpacks an archive with the system's tar or unzip, as the task's user, into an empty directory of
 * its own, looks at what came out, and only then moves it to its place. Fails, with nothing unpacked,
 * when a member would lie or lead outside.
 */
export async function unpack(request: UnpackRequest): Promise<void> {
  const { kind, directory, owner } = request
  const tree = `${request.staging}/tree`
  await mkdir(tree, { mode: 0o700 })
  if (owner !== undefined) await chown(tree, owner.uid, owner.gid)
  if (kind.kind === "gzip") await gunzip(request, tree)
  else if (kind.kind === "zip") await unzip(request, tree)
  else await untar(request, tree)
  await guardTree(tree)
  await mergeTree(tree, directory)
}

async function gunzip(request: UnpackRequest, staging: string): Promise<void> {
  const { archive, name, owner, signal } = request
  const path = `${staging}/${name.slice(name.lastIndexOf("/") + 1, -".gz".length)}`
  await pipeline(createReadStream(archive), createGunzip(), createWriteStream(path), { signal })
  if (owner !== undefined) await chown(path, owner.uid, owner.gid)
}

async function untar(request: UnpackRequest, staging: string): Promise<void> {
  const { archive, asUser, signal } = request
  const option = await packedWith(archive)
  const tar = program("tar")
  const list = { argv: [tar, `-t${option}f`, "-"], archive, cwd: staging, signal }
  refuseOutside(await run(list))
  const options = ["-o", "--no-same-permissions"]
  await run({ ...list, argv: [...asUser, ...leash(), tar, `-x${option}f`, "-", ...options] })
}

/** First bytes of what tar archives are packed with, in hexadecimal digits, and tar's option for it. */
const packings = [
  { begin: "1f8b", option: "z" },
  { begin: "425a68", option: "j" },
  { begin: "fd377a585a00", option: "J" },
] as const

/** The option that tar needs: told by the content, as names are wrong and tar cannot look into a pipe. */
async function packedWith(archive: string): Promise<string> {
  await using file = await open(archive)
  const { buffer, bytesRead } = await file.read(Buffer.alloc(8))
  const begin = buffer.toString("hex", 0, bytesRead)
  return packings.find((packing) => begin.startsWith(packing.begin))?.option ?? ""
}

/** unzip cannot read a pipe, so the archive must lie where the task's user can open it. */
async function unzip(request: UnpackRequest, staging: string): Promise<void> {
  const { archive, asUser, signal } = request
  const zip = program("unzip")
  const common = { cwd: staging, signal }
  refuseOutside(await run({ ...common, argv: [zip, "-Z1", archive] }))
  // 1 tells of warnings only.
  await run({ ...common, argv: [...asUser, ...leash(), zip, "-o", "-q", archive], worst: 1 })
}

function refuseOutside(listing: string): void {
  const outside = listing.split("\n").find(isOutside)
  if (outside !== undefined)
    throw new Error(`the archive's member '${outside}' would lie outside the sandbox`)
}

function program(name: string): string {
  const path = Bun.which(name)
  if (path === null)
    throw new Error(`unpacking needs the program '${name}' on the agent: install it`)
  return path
}

async function run(options: {
  readonly argv: readonly string[]
  /** A file that the program reads from its standard input. */
  readonly archive?: string
  readonly cwd: string
  readonly signal: AbortSignal
  /** The highest exit code that still is a success. */
  readonly worst?: number
}): Promise<string> {
  const input = options.archive === undefined ? undefined : await open(options.archive)
  try {
    const child = Bun.spawn([...options.argv], {
      cwd: options.cwd,
      env: { PATH: process.env["PATH"] ?? "", LC_ALL: "C" },
      stdio: [input?.fd ?? "ignore", "pipe", "pipe"],
      signal: options.signal,
    })
    const problems = new Tail(512)
    const [output] = await Promise.all([
      new Response(child.stdout).text(),
      problems.follow(child.stderr),
    ])
    const code = await child.exited
    if (code <= (options.worst ?? 0)) return output
    if (isFull(options.cwd)) throw new DiskFull("the archive does not fit")
    throw new Error(`it cannot be unpacked: ${problems.text().trim() || `exit ${code}`}`)
  } finally {
    await input?.close()
  }
}
