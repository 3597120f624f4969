import { dlopen, FFIType, read } from "bun:ffi"
import { constants } from "node:os"

/** What the C library can do that Bun does not offer. Paths are bytes. Each throws a `SystemError`. */
export interface Libc {
  /** Makes a directory the root of this process: nothing above can be named any more. */
  chroot(path: Buffer): void
  /** Makes a device or a fifo; `mode` with its type. */
  mknod(path: Buffer, mode: number, major: number, minor: number): void
  /** Sets an extended attribute of the thing itself, not of what a link points to. */
  lsetxattr(path: Buffer, name: string, value: Buffer): void
  /** Has this process killed when the one that started it ends. */
  dieWithParent(): void
}

/** A system call that failed, with the code that Node gives such failures: "ENOSPC". */
export class SystemError extends Error {
  override readonly name = "SystemError"
  readonly code: string

  constructor(call: string, errno: number) {
    const known = Object.entries(constants.errno).find(([, number]) => number === errno)
    const code = known?.[0] ?? `error ${errno}`
    super(`${code}: ${call} failed`)
    this.code = code
  }
}

const PR_SET_PDEATHSIG = 1
const SIGKILL = 9n

/** Opens the C library; throws where there is none that fits, as on a system that is not Linux. */
export function openLibc(): Libc {
  const { symbols } = dlopen("libc.so.6", {
    chroot: { args: [FFIType.ptr], returns: FFIType.i32 },
    mknod: { args: [FFIType.ptr, FFIType.u32, FFIType.u64], returns: FFIType.i32 },
    lsetxattr: {
      args: [FFIType.ptr, FFIType.ptr, FFIType.ptr, FFIType.u64, FFIType.i32],
      returns: FFIType.i32,
    },
    prctl: {
      args: [FFIType.i32, FFIType.u64, FFIType.u64, FFIType.u64, FFIType.u64],
      returns: FFIType.i32,
    },
    __errno_location: { args: [], returns: FFIType.ptr },
  })
  const check = (call: string, answer: number): void => {
    if (answer === 0) return
    const at = symbols.__errno_location()
    throw new SystemError(call, at === null ? 0 : read.i32(at, 0))
  }
  return {
    chroot: (path) => check("chroot", symbols.chroot(terminated(path))),
    mknod: (path, mode, major, minor) =>
      check("mknod", symbols.mknod(terminated(path), mode, deviceNumber(major, minor))),
    lsetxattr: (path, name, value) => {
      const size = BigInt(value.length)
      // An empty buffer has no address to give.
      const bytes = value.length === 0 ? Buffer.alloc(1) : value
      const key = terminated(Buffer.from(name, "latin1"))
      check("lsetxattr", symbols.lsetxattr(terminated(path), key, bytes, size, 0))
    },
    dieWithParent: () => check("prctl", symbols.prctl(PR_SET_PDEATHSIG, SIGKILL, 0n, 0n, 0n)),
  }
}

const terminated = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc(1)])

/** A device's number as the C library packs it. Source: glibc: sysdeps/unix/sysv/linux/makedev.h. */
const deviceNumber = (major: number, minor: number): bigint =>
  (BigInt(major & 0xfffff000) << 32n) |
  BigInt((major & 0xfff) << 8) |
  (BigInt(minor & 0xffffff00) << 12n) |
  BigInt(minor & 0xff)
