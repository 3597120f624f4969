import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  futimesSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeSync,
} from "node:fs"
import type { Stats } from "node:fs"
import { errorCode } from "#lib/io/host/files.ts"
import { BadLayer } from "#lib/io/images/tar/bad-layer.ts"
import type { TarEntry } from "#lib/io/images/tar/header.ts"
import type { TarSink } from "#lib/io/images/tar/reader.ts"
import { AUFS_LINKS, entryPath, parseWhiteout, printable } from "./entry-path.ts"
import type { Libc } from "./libc.ts"

/** Entries of a layer; the largest images known have a few hundred thousand. */
const ENTRIES_MAX = 10_000_000

/** What a file system hands out at once. */
const UNIT = 4096

const OPAQUE = "trusted.overlay.opaque"

/** Type bits of `st_mode`. Source: inode(7). */
const fileTypes = { characterDevice: 0o020000, blockDevice: 0o060000, fifo: 0o010000 }

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants

/** Seconds that every file system can keep: ext4 ends in 2446. */
const TIME_MAX = 2 ** 33

const timeOf = ({ modifiedAt }: TarEntry): number => Math.min(Math.max(modifiedAt, 0), TIME_MAX)

/** A layer's name as bytes. */
const bytes = (path: string): Buffer => Buffer.from(path, "latin1")

/**
 * Writes the entries of a layer below `/`, which must be the layer's directory: the process has made
 * it its root. Everything is synchronous: this process has nothing else to do.
 */
export class LayerWriter implements TarSink {
  readonly #libc: Libc
  /** Directories get their times last: each new entry changes them. */
  readonly #directoryTimes = new Map<string, number>()
  #file: { readonly entry: TarEntry; readonly path: string; readonly fd: number } | undefined
  #entries = 0
  #bytes = 0

  constructor(libc: Libc) {
    this.#libc = libc
  }

  /** Bytes that the layer takes on the disk, as far as can be told from its entries. */
  get bytes(): number {
    return this.#bytes
  }

  /** Entries written. */
  get entries(): number {
    return this.#entries
  }

  entry(entry: TarEntry): void {
    if (++this.#entries > ENTRIES_MAX) throw new BadLayer(`it has more than ${ENTRIES_MAX} entries`)
    const path = entryPath(entry.path)
    const whiteout = parseWhiteout(path)
    this.#bytes += UNIT + Math.ceil(entry.size / UNIT) * UNIT
    if (whiteout === undefined) this.#place(entry, path)
    else if (whiteout.kind === "removed") this.#whiteOut(whiteout.path)
    else if (whiteout.kind === "opaque") this.#makeOpaque(whiteout.path)
  }

  data(piece: Buffer): void {
    if (this.#file === undefined) return
    for (let at = 0; at < piece.length;)
      at += writeSync(this.#file.fd, piece, at, piece.length - at)
  }

  end(): void {
    if (this.#file === undefined) return
    const { entry, path, fd } = this.#file
    this.#file = undefined
    try {
      // Always, as a directory may hand on its group; and first, as it takes setuid and capabilities away.
      fchownSync(fd, entry.uid, entry.gid)
      if ((entry.mode & 0o7000) !== 0) fchmodSync(fd, entry.mode)
      this.#setAttributes(entry, path)
      const time = timeOf(entry)
      futimesSync(fd, time, time)
    } finally {
      closeSync(fd)
    }
  }

  /** Does what must come after all entries. */
  finish(): void {
    rmSync(AUFS_LINKS, { recursive: true, force: true })
    const deepestFirst = [...this.#directoryTimes].toReversed()
    for (const [path, time] of deepestFirst)
      if (statOf(path)?.isDirectory() === true) lutimesSync(bytes(path), time, time)
  }

  #place(entry: TarEntry, path: string): void {
    if (entry.kind === "directory") this.#makeDirectory(entry, path)
    else if (path === "/") throw new BadLayer("its root is no directory")
    else if (entry.kind === "file") this.#file = { entry, path, fd: this.#openFile(entry, path) }
    else {
      this.#create(path, () => this.#makeNode(entry, path))
      if (entry.kind === "hardlink") return
      lchownSync(bytes(path), entry.uid, entry.gid)
      if (entry.kind !== "symlink") chmodSync(bytes(path), entry.mode)
      this.#setAttributes(entry, path)
      const time = timeOf(entry)
      lutimesSync(bytes(path), time, time)
    }
  }

  #openFile(entry: TarEntry, path: string): number {
    const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW
    return this.#create(path, () => openSync(bytes(path), flags, entry.mode & 0o777))
  }

  #makeNode(entry: TarEntry, path: string): void {
    switch (entry.kind) {
      case "symlink":
        symlinkSync(bytes(entry.linkPath), bytes(path))
        return
      case "hardlink":
        this.#link(entryPath(entry.linkPath), path)
        return
      case "characterDevice":
      case "blockDevice":
      case "fifo":
        this.#libc.mknod(bytes(path), fileTypes[entry.kind], entry.deviceMajor, entry.deviceMinor)
        return
      case "file":
      case "directory":
        return
      default:
        entry.kind satisfies never
    }
  }

  #link(target: string, path: string): void {
    if (target === path) throw new BadLayer(`the link '${printable(path)}' points to itself`)
    const stats = statOf(target)
    if (stats === undefined)
      throw new BadLayer(
        `the link '${printable(path)}' points to '${printable(target)}', which its layer lacks`,
      )
    if (stats.isDirectory())
      throw new BadLayer(`the link '${printable(path)}' points to a directory`)
    linkSync(bytes(target), bytes(path))
  }

  /** Makes something that must not be there yet; what is in the way is removed, what is missing is made. */
  #create<T>(path: string, make: () => T): T {
    try {
      return make()
    } catch (cause) {
      const code = errorCode(cause)
      if (code === "ENOENT" || code === "ENOTDIR") this.#makeParents(path)
      else if (code === "EEXIST" || code === "EISDIR") rmSync(bytes(path), { recursive: true })
      else throw cause
      return make()
    }
  }

  #makeDirectory(entry: TarEntry, path: string): void {
    const stats = statOf(path)
    if (stats?.isDirectory() !== true) {
      if (stats !== undefined) unlinkSync(bytes(path))
      this.#create(path, () => mkdirSync(bytes(path)))
      // What lower layers had there stays hidden.
      if (isWhiteout(stats)) this.#makeOpaque(path)
    }
    lchownSync(bytes(path), entry.uid, entry.gid)
    chmodSync(bytes(path), entry.mode)
    this.#setAttributes(entry, path)
    this.#directoryTimes.delete(path)
    this.#directoryTimes.set(path, timeOf(entry))
  }

  #makeParents(path: string): void {
    for (let at = path.indexOf("/", 1); at > 0; at = path.indexOf("/", at + 1)) {
      const parent = path.slice(0, at)
      const stats = statOf(parent)
      if (stats?.isDirectory() === true || stats?.isSymbolicLink() === true) continue
      if (stats !== undefined && !isWhiteout(stats))
        throw new BadLayer(`'${printable(path)}' lies below '${printable(parent)}', no directory`)
      if (stats !== undefined) unlinkSync(bytes(parent))
      this.#makePlain(parent)
      if (stats !== undefined) this.#makeOpaque(parent)
    }
  }

  /** A directory that the layer does not describe: root's, whatever the one above hands on. */
  #makePlain(path: string): void {
    mkdirSync(bytes(path))
    lchownSync(bytes(path), 0, 0)
    chmodSync(bytes(path), 0o755)
  }

  /** Hides what lower layers have at a path; what this layer has there stays, as itself alone. */
  #whiteOut(path: string): void {
    const stats = statOf(path)
    if (stats?.isDirectory() === true) this.#makeOpaque(path)
    else if (stats === undefined)
      this.#create(path, () => this.#libc.mknod(bytes(path), fileTypes.characterDevice, 0, 0))
  }

  #makeOpaque(path: string): void {
    if (statOf(path) === undefined) this.#create(path, () => this.#makePlain(path))
    this.#libc.lsetxattr(bytes(path), OPAQUE, Buffer.from("y"))
  }

  /**
   * Sets what belongs to a file: its capabilities, and what users wrote. Overlayfs' own attributes
   * could make it look into other layers, and labels and hashes belong to the machine they were made on.
   */
  #setAttributes(entry: TarEntry, path: string): void {
    for (const { name, value } of entry.attributes) {
      const isUsers = name.startsWith("user.") && !name.startsWith("user.overlay.")
      if (name === "security.capability") this.#libc.lsetxattr(bytes(path), name, value)
      else if (isUsers)
        try {
          this.#libc.lsetxattr(bytes(path), name, value)
        } catch (cause) {
          // Not on every file system, and never on links.
          const code = errorCode(cause)
          if (code !== "EOPNOTSUPP" && code !== "ENOTSUP" && code !== "EPERM") throw cause
        }
    }
  }
}

function statOf(path: string): Stats | undefined {
  try {
    return lstatSync(bytes(path))
  } catch (cause) {
    const code = errorCode(cause)
    if (code === "ENOENT" || code === "ENOTDIR") return undefined
    throw cause
  }
}

const isWhiteout = (stats: Stats | undefined): boolean =>
  stats?.isCharacterDevice() === true && stats.rdev === 0
