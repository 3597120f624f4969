import type { Result } from "#lib/std/result.ts"

/** Why a file cannot be served: `/files` answers 404, 400 and 403 for these. */
export type FileProblem = {
  readonly code: "notFound" | "notAFile" | "notADirectory" | "denied"
  readonly message: string
}

/** A path below a root that is open to readers. The path is relative, "" names the root itself. */
export type FileLocation = { readonly root: string; readonly path: string }

/** A file or directory as `/files/browse` shows it. */
export type FileEntry = {
  /** The last component of its path. */
  readonly name: string
  /** Bytes. */
  readonly size: number
  readonly nlink: number
  /** Seconds since the Unix epoch, whole. */
  readonly mtime: number
  /** As ls(1) prints it, such as "-rw-r--r--". */
  readonly mode: string
  /** The owner's name, or its number where it has no name. */
  readonly uid: string
  readonly gid: string
}

/** A part of a file. */
export type FileSlice = { readonly bytes: Uint8Array; readonly fileSize: number }

/** The whole of a file, read as it is sent. */
export type FileDownload = {
  readonly name: string
  readonly size: number
  readonly body: ReadableStream<Uint8Array>
}

/** How full a file system is, in bytes; `used` counts what non-root users cannot have either. */
export type DiskUsage = { readonly totalBytes: number; readonly usedBytes: number }

/**
 * The sandboxes of an agent on disk, and the reading of files for the `/files` API. Reading never
 * leaves its root, whether by "..", an absolute path or a symbolic link.
 */
export interface Sandboxes {
  /** Makes the directory with its parents: mode 0750, owned by `user`. Harmless when it exists. */
  create(
    path: string,
    user: string | undefined,
  ): Promise<Result<void, { readonly message: string }>>
  /**
   * Makes a directory that several containers use: mode 0751, so that each passes through it to its own,
   * and owned by the first one's user. One that exists is left alone.
   */
  createShared(
    path: string,
    user: string | undefined,
  ): Promise<Result<void, { readonly message: string }>>
  /** Removes the directory with all in it. Harmless when it is gone; never follows links out of it. */
  remove(path: string): Promise<void>
  /**
   * Removes one run of an executor, ".../executors/<E>/runs/<C>", as `remove` does; with the last run
   * goes the directory of the executor.
   */
  removeRun(path: string): Promise<void>
  /** Links `link` to `target` (relative or absolute), replacing an older link: "runs/latest". */
  link(link: string, target: string): Promise<void>
  /** Milliseconds since the Unix epoch of the last change of the directory; undefined when gone. */
  modifiedAt(path: string): Promise<number | undefined>
  /** Sandboxes on disk: "<work_dir>/slaves/<S>/frameworks/<F>/executors/<E>/runs/<C>", all of them. */
  runs(workDir: string): Promise<readonly string[]>
  stat(location: FileLocation): Promise<Result<FileEntry, FileProblem>>
  /** The entries of a directory in ascending order of name. */
  list(location: FileLocation): Promise<Result<readonly FileEntry[], FileProblem>>
  /** At most `length` bytes from `offset`; fewer, or none, at the end of the file. */
  read(
    location: FileLocation,
    range: { readonly offset: number; readonly length: number },
  ): Promise<Result<FileSlice, FileProblem>>
  download(location: FileLocation): Promise<Result<FileDownload, FileProblem>>
  /** Of the file system that holds `path`. */
  diskUsage(path: string): Promise<DiskUsage>
}
