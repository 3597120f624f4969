import { expect, test } from "bun:test"
import { resources } from "#lib/master/core/builders.ts"
import { NO_RESOURCES } from "#lib/mesos/index.ts"
import { FreeTable } from "./free-table.ts"

test("lists only agents worth offering, or all", () => {
  const table = new FreeTable<string>()
  table.add(() => "full", NO_RESOURCES)
  table.add(() => "cpus", resources("cpus:1"))
  table.add(() => "mem", resources("mem:64"))
  table.add(() => "disk", resources("disk:64"))
  expect([...table.candidates(true)]).toEqual(["cpus", "mem"])
  expect([...table.candidates(false)]).toEqual(["full", "cpus", "mem", "disk"])
})

test("follows what is free", () => {
  const table = new FreeTable<{ readonly slot: number }>()
  const { slot } = table.add((slot) => ({ slot }), resources("cpus:1;mem:64"))
  expect(table.worthOffering(slot)).toBe(true)
  table.set(slot, resources("cpus:0.009;mem:31"))
  expect(table.worthOffering(slot)).toBe(false)
})

test("gives the slot of a removed agent to the next one, which starts afresh", () => {
  const table = new FreeTable<{ readonly slot: number }>()
  const first = table.add((slot) => ({ slot }), resources("cpus:1"))
  table.remove(first.slot)
  expect([...table.candidates(false)]).toEqual([])
  expect(table.worthOffering(first.slot)).toBe(false)
  const second = table.add((slot) => ({ slot }), NO_RESOURCES)
  expect(second.slot).toBe(first.slot)
  expect([...table.candidates(true)]).toEqual([])
})

test("grows past its first size without losing anything", () => {
  const table = new FreeTable<number>()
  for (let i = 0; i < 200; i++)
    table.add((slot) => slot, i % 2 === 0 ? resources("cpus:1") : NO_RESOURCES)
  expect([...table.candidates(true)]).toEqual(Array.from({ length: 100 }, (_, i) => 2 * i))
})

test("finds a wrong entry", () => {
  const table = new FreeTable<string>()
  table.add(() => "a", resources("cpus:1"))
  expect(() => table.check(0, "a", resources("cpus:1"))).not.toThrow()
  expect(() => table.check(0, "a", resources("cpus:2"))).toThrow("wrong free cpus")
  expect(() => table.check(0, "a", resources("cpus:1;mem:1"))).toThrow("wrong free memory")
  expect(() => table.check(0, "b", resources("cpus:1"))).toThrow("another agent")
})
