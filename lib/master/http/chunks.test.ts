import { expect, test } from "bun:test"
import { Chunks } from "./chunks.ts"

const KIB = 1024
const bytes = (length: number, value: number) => new Uint8Array(length).fill(value)

test("bytes stay in order, in pieces that are worth a write", () => {
  const chunks = new Chunks()
  for (let i = 0; i < 300; i++) chunks.push(bytes(KIB, i % 256))
  expect(chunks.length).toBe(300 * KIB)
  const taken = chunks.take()
  expect(taken.map(({ length }) => length / KIB)).toEqual([128, 128, 44])
  const all = Buffer.concat(taken)
  expect([...Array(300).keys()].every((i) => all[i * KIB] === i % 256)).toBe(true)
})

test("a large piece is not copied", () => {
  const chunks = new Chunks()
  const large = bytes(500 * KIB, 1)
  chunks.push(large)
  expect(chunks.take()[0]).toBe(large)
})

test("of several, one follows the other", () => {
  const [first, second] = [new Chunks(), new Chunks()]
  first.push(bytes(1, 1))
  second.push(bytes(200 * KIB, 2))
  second.push(bytes(1, 3))
  first.append(second)
  first.push(bytes(1, 4))
  expect(first.length).toBe(200 * KIB + 3)
  const all = Buffer.concat(first.take())
  expect([all[0], all[1], all.at(-3), all.at(-2), all.at(-1)]).toEqual([1, 2, 2, 3, 4])
  expect(new Chunks().take()).toEqual([])
})
