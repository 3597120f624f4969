import { expect, test } from "bun:test"
import {
  appendFileSync,
  existsSync,
  openSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { TestPlace, until } from "#lib/io/testing/containers.ts"
import { LogRotation } from "./log-rotation.ts"

const read = (path: string): string => readFileSync(path, "utf8")

test("moves a full log aside and keeps only so many old ones", async () => {
  using place = new TestPlace()
  const log = `${place.root}/stdout`
  const rotation = new LogRotation({ maxBytes: 4, keep: 2 })
  for (const text of ["one!", "two!", "three, far too long"]) {
    appendFileSync(log, text)
    await rotation.rotate(log)
  }
  expect(read(log)).toBe("")
  expect(read(`${log}.1`)).toBe("too long")
  expect(read(`${log}.2`)).toBe("two!")
  expect(existsSync(`${log}.3`)).toBe(false)
})

test("leaves a log alone that is not full", async () => {
  using place = new TestPlace()
  writeFileSync(`${place.root}/stdout`, "ok")
  await new LogRotation({ maxBytes: 3 }).rotate(`${place.root}/stdout`)
  expect(read(`${place.root}/stdout`)).toBe("ok")
})

test("loses nothing of a process that keeps the log open, and frees the space", async () => {
  using place = new TestPlace()
  const log = `${place.root}/stdout`
  const writer = Bun.spawn(["/bin/sh", "-c", "read _; echo after", "x"], {
    stdin: "pipe",
    stdout: openSync(log, "a"),
  })
  appendFileSync(log, "before\n")
  await new LogRotation({ maxBytes: 7, keep: 1 }).rotate(log)
  void writer.stdin.write("\n")
  await writer.stdin.end()
  await writer.exited
  expect(read(`${log}.1`)).toBe("before\n")
  expect(read(log)).toBe("after\n")
})

test("looks after the logs of its sandboxes until they are taken away", async () => {
  using place = new TestPlace()
  const { sandbox } = place.spec("true")
  const rotation = new LogRotation({ maxBytes: 4, keep: 1, intervalMs: 1 })
  rotation.add(sandbox)
  writeFileSync(`${sandbox}/stdout`, "full")
  await until(() => existsSync(`${sandbox}/stdout.1`))
  writeFileSync(`${sandbox}/stderr`, "full")
  await until(() => existsSync(`${sandbox}/stderr.1`))
  rotation.stop()
})

test("does not follow a link that a task put in place of its log", async () => {
  using place = new TestPlace()
  writeFileSync(`${place.root}/victim`, "precious")
  symlinkSync(`${place.root}/victim`, `${place.root}/stdout`)
  const rotated = new LogRotation({ maxBytes: 1 }).rotate(`${place.root}/stdout`)
  expect(await rotated.catch((cause: unknown) => String(cause))).toContain("ELOOP")
  expect(read(`${place.root}/victim`)).toBe("precious")
})

test("a process that writes without end cannot keep a rotation from ending, nor its copies from a limit", async () => {
  using place = new TestPlace()
  const log = `${place.root}/stdout`
  const writer = Bun.spawn(["yes"], { stdout: openSync(log, "a") })
  const rotation = new LogRotation({ maxBytes: 1_000_000, keep: 2 })
  try {
    for (let round = 0; round < 5; round++) {
      await until(() => statSync(log).size > 4_000_000)
      await rotation.rotate(log)
      expect(statSync(`${log}.1`).size).toBe(2_000_000)
    }
  } finally {
    writer.kill()
    await writer.exited
  }
})
