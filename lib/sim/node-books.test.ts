import { expect, test } from "bun:test"
import { scalarResource, type Resources } from "#lib/mesos/index.ts"
import { NodeBooks } from "./node-books.ts"

const cpus = (milli: number): Resources => [scalarResource("cpus", milli)]

test("a node gives what it has, each node for itself, and again what was given back", () => {
  const books = new NodeBooks()
  books.add("n1", cpus(2_000))
  books.add("n2", cpus(1_000))
  expect(books.take("n1", "a", cpus(1_500))).toBe(true)
  expect(books.take("n1", "b", cpus(1_000))).toBe(false)
  expect(books.take("n2", "b", cpus(1_000))).toBe(true)
  books.giveBack("a")
  expect(books.take("n1", "c", cpus(2_000))).toBe(true)
})

test("what was given back once is not given back again", () => {
  const books = new NodeBooks()
  books.add("n1", cpus(1_000))
  expect(books.take("n1", "a", cpus(500))).toBe(true)
  books.giveBack("a")
  books.giveBack("a")
  expect(books.take("n1", "b", cpus(1_001))).toBe(false)
})
