import { expect, test } from "bun:test"
import { err, ok } from "#lib/std/result.ts"
import { mustContain } from "./must-contain.ts"
import { StartError } from "./process.ts"

const runc = (problem?: string) => [
  {
    name: "runc" as const,
    available: () => Promise.resolve(problem === undefined ? ok(undefined) : err(problem)),
  },
]
const linux = { containers: { launcher: "linux" as const } }

test("an agent whose tasks are to be contained does not start where nothing can contain them", () => {
  const contained = ["namespaces/pid", "linux/nnp"]
  const starts = mustContain({ ...linux, contained }, runc("install conmon"))
  expect(starts).rejects.toThrow(StartError)
  expect(starts).rejects.toThrow(
    "namespaces/pid, linux/nnp of --isolation cannot be had: install conmon",
  )
  expect(mustContain(linux, runc("install conmon"))).rejects.toThrow(
    "--launcher linux cannot be had: install conmon",
  )
})

test("others start with what there is", async () => {
  await mustContain({ containers: { launcher: "posix" } }, runc("install conmon"))
  await mustContain({ ...linux, contained: ["namespaces/pid"] }, runc())
})
