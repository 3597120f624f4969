import { dlopen, FFIType } from "bun:ffi"
import { closeSync, openSync, readlinkSync } from "node:fs"
import { assert } from "#lib/std/assert.ts"

const CLONE_NEWNET = 0x40000000

const ofProcess = (pid: number): string => `/proc/${pid}/ns/net`

/**
 * The network namespace of a process, as a path; undefined where it is this process' own, where the
 * process is gone, and where this one may not enter others'.
 */
export function networkOf(pid: number): string | undefined {
  if (process.getuid?.() !== 0) return undefined
  try {
    const path = ofProcess(pid)
    return readlinkSync(path) === readlinkSync("/proc/self/ns/net") ? undefined : path
  } catch {
    return undefined
  }
}

/** setns(2) of the C library, loaded when it is first needed. */
let setns: ((fd: number, type: number) => number) | undefined

function enter(fd: number): boolean {
  setns ??= dlopen("libc.so.6", {
    setns: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 },
  }).symbols.setns
  return setns(fd, CLONE_NEWNET) === 0
}

/**
 * Runs something while this thread is in the network namespace at a path, where the sockets belong
 * that it makes: they stay there. What it does later runs in this process' own namespace again. Throws
 * where the namespace is gone or may not be entered.
 */
export function inNetwork<T>(path: string, work: () => T): T {
  const own = openSync("/proc/thread-self/ns/net", "r")
  try {
    const other = openSync(path, "r")
    try {
      if (!enter(other)) throw new Error(`cannot enter the network namespace ${path}`)
      try {
        return work()
      } finally {
        assert(enter(own), "a thread comes back to its own network namespace")
      }
    } finally {
      closeSync(other)
    }
  } finally {
    closeSync(own)
  }
}
