import { expect, test } from "bun:test"
import { DiskFull, roomFor } from "./room.ts"

const MIB = 1024 * 1024

test("a file that is told to be too large is refused before it is there", () => {
  const claim = roomFor("/", () => ({ freeBytes: 50 * MIB, totalBytes: 1000 * MIB }))
  claim(30 * MIB)
  expect(() => claim(70 * MIB)).toThrow(DiskFull)
})

test("a file that grows is stopped before it takes what the agent needs", () => {
  let freeBytes = 20 * MIB
  const claim = roomFor("/", () => ({ freeBytes, totalBytes: 1000 * MIB }))
  let written = 0
  const grow = (): void => {
    claim(written + MIB)
    written += MIB
    freeBytes -= MIB
  }
  expect(() => {
    for (;;) grow()
  }).toThrow(DiskFull)
  expect(freeBytes).toBe(16 * MIB)
})

test("of small disks a share is left, and what is claimed is not counted twice", () => {
  let freeBytes = 10 * MIB
  const claim = roomFor("/", () => ({ freeBytes, totalBytes: 20 * MIB }))
  claim(8 * MIB)
  freeBytes = 2 * MIB
  claim(8 * MIB)
  // Somebody else took the rest meanwhile.
  freeBytes = 0.5 * MIB
  expect(() => claim(8 * MIB)).toThrow(DiskFull)
})
