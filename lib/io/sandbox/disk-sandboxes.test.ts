import { afterEach, beforeEach, expect, test } from "bun:test"
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { spawnSync } from "node:child_process"
import { TestPlace } from "#lib/io/testing/containers.ts"
import { DiskSandboxes } from "./disk-sandboxes.ts"
import { fileMode } from "./file-mode.ts"
import { rootUser, testWith } from "../../../test/fixtures/system-parts.ts"

let place: TestPlace
let root: string
const sandboxes = new DiskSandboxes()

beforeEach(() => {
  place = new TestPlace()
  root = `${place.root}/sandbox`
  mkdirSync(root)
  writeFileSync(`${root}/stdout`, "hello world")
  writeFileSync(`${place.root}/secret`, "secret")
})
afterEach(() => place[Symbol.dispose]())

test("makes a sandbox with mode 0750 and leaves its content when repeated", async () => {
  const path = `${place.root}/slaves/S/frameworks/F/executors/E/runs/C`
  expect(await sandboxes.create(path, undefined)).toEqual({ ok: true, value: undefined })
  writeFileSync(`${path}/file`, "")
  await sandboxes.create(path, undefined)
  expect(statSync(path).mode & 0o7777).toBe(0o750)
  expect(existsSync(`${path}/file`)).toBe(true)
})

test("makes a work directory that other users can pass through", async () => {
  await sandboxes.createWorkDir(`${place.root}/new/work`)
  await sandboxes.createWorkDir(`${place.root}/new/work`)
  expect(statSync(`${place.root}/new/work`).mode & 0o005).toBe(0o005)
})

testWith(rootUser)("gives a sandbox to the user of its task", async () => {
  await sandboxes.create(`${place.root}/new`, "nobody")
  expect(statSync(`${place.root}/new`).uid).toBe(65534)
})

testWith(rootUser)(
  "a directory that several share is the first one's, and all pass it",
  async () => {
    const path = `${place.root}/shared/one`
    const all = await Promise.all(
      ["nobody", "root"].map((user) => sandboxes.createShared(path, user)),
    )
    expect(all).toEqual(all.map(() => ({ ok: true, value: undefined })))
    const { uid, mode } = statSync(path)
    expect([uid, mode & 0o7777]).toEqual([65534, 0o751])
    chmodSync(path, 0o700)
    await sandboxes.createShared(path, "root")
    expect(statSync(path).mode & 0o7777).toBe(0o700)
  },
)

testWith(rootUser)("one that was only begun is finished", async () => {
  mkdirSync(`${place.root}/begun`)
  chmodSync(`${place.root}/begun`, 0o1700)
  await sandboxes.createShared(`${place.root}/begun`, "nobody")
  expect(statSync(`${place.root}/begun`)).toMatchObject({ uid: 65534, mode: 0o40_751 })
})

test("says which user is missing, and why a sandbox cannot be made", async () => {
  const user = await sandboxes.create(`${place.root}/new`, "no-such-user")
  expect(user).toEqual({
    ok: false,
    error: { message: "user 'no-such-user' does not exist on the agent" },
  })
  const file = await sandboxes.create(`${root}/stdout/new`, undefined)
  expect(file.ok ? "" : file.error.message).toContain("cannot be made: ")
})

test("removes a sandbox without following its links, whatever its permissions", async () => {
  symlinkSync(place.root, `${root}/out`)
  mkdirSync(`${root}/locked/inner`, { recursive: true })
  chmodSync(`${root}/locked`, 0)
  await sandboxes.remove(root)
  await sandboxes.remove(root)
  expect(existsSync(root)).toBe(false)
  expect(existsSync(`${place.root}/secret`)).toBe(true)
})

test("removes the directory of an executor with its last run, not before", async () => {
  const executor = `${place.root}/executors/E`
  const [first, second] = [`${executor}/runs/1`, `${executor}/runs/2`]
  for (const path of [first, second]) await sandboxes.create(path, undefined)
  await sandboxes.link(`${executor}/runs/latest`, "2")
  await sandboxes.removeRun(first)
  expect(existsSync(`${executor}/runs/latest`)).toBe(true)
  await sandboxes.removeRun(second)
  await sandboxes.removeRun(second)
  expect(existsSync(executor)).toBe(false)
  expect(existsSync(`${place.root}/executors`)).toBe(true)
})

test("replaces a link, also when several do at once", async () => {
  const targets = Array.from({ length: 20 }, (_, index) => `target${index}`)
  await Promise.all(targets.map((target) => sandboxes.link(`${place.root}/latest`, target)))
  expect(readdirSync(place.root).filter((name) => name.startsWith("latest"))).toEqual(["latest"])
  await sandboxes.link(`${place.root}/latest`, "secret")
  await sandboxes.link(`${place.root}/latest`, "sandbox")
  expect(statSync(`${place.root}/latest`).isDirectory()).toBe(true)
})

test("lists the runs below a work directory", async () => {
  const runs = `${place.root}/work/slaves/S/frameworks/F/executors/E/runs`
  mkdirSync(`${runs}/C1`, { recursive: true })
  mkdirSync(`${runs}/C2`)
  symlinkSync("C2", `${runs}/latest`)
  expect((await sandboxes.runs(`${place.root}/work`)).toSorted()).toEqual([
    `${runs}/C1`,
    `${runs}/C2`,
  ])
  expect(await sandboxes.runs(`${place.root}/nowhere`)).toEqual([])
})

test("lists a directory in order, following links that stay inside", async () => {
  mkdirSync(`${root}/dir`)
  symlinkSync("dir", `${root}/inside`)
  symlinkSync("../secret", `${root}/outside`)
  symlinkSync("gone", `${root}/broken`)
  const listed = await sandboxes.list({ root, path: "" })
  const brief = listed.ok ? listed.value.map(({ name, mode, size }) => ({ name, mode, size })) : []
  expect(brief.map(({ name, mode }) => `${mode[0]} ${name}`)).toEqual([
    "l broken",
    "d dir",
    "d inside",
    "l outside",
    "- stdout",
  ])
  expect(brief.at(-1)?.size).toBe(11)
})

test("reads a range, and nothing behind the end", async () => {
  const read = async (offset: number, length: number) => {
    const slice = await sandboxes.read({ root, path: "stdout" }, { offset, length })
    return slice.ok ? new TextDecoder().decode(slice.value.bytes) : slice.error.code
  }
  expect(await read(0, 5)).toBe("hello")
  expect(await read(6, 100)).toBe("world")
  expect(await read(50, 5)).toBe("")
  const slice = await sandboxes.read({ root, path: "stdout" }, { offset: 0, length: 0 })
  expect(slice).toMatchObject({ ok: true, value: { fileSize: 11 } })
})

test("downloads a file as it was when the download began", async () => {
  const download = await sandboxes.download({ root, path: "stdout" })
  if (!download.ok) throw new Error(download.error.message)
  expect(download.value).toMatchObject({ name: "stdout", size: 11 })
  writeFileSync(`${root}/stdout`, " and more", { flag: "a" })
  expect(await new Response(download.value.body).text()).toBe("hello world")
})

test("never leaves its root", async () => {
  symlinkSync("/etc", `${root}/etc`)
  symlinkSync("../secret", `${root}/link`)
  for (const path of ["../secret", "etc/passwd", "link", "a/../../secret", "etc"]) {
    expect(await sandboxes.stat({ root, path })).toMatchObject({
      ok: false,
      error: { code: "denied" },
    })
  }
  // A leading slash is a place below the root.
  expect(await sandboxes.stat({ root, path: "/stdout" })).toMatchObject({ ok: true })
})

test("names what is wrong with a path", async () => {
  spawnSync("mkfifo", [`${root}/pipe`])
  const codeOf = async (work: Promise<{ ok: boolean; error?: { code: string } }>) =>
    (await work).error?.code
  const range = { offset: 0, length: 1 }
  expect(await codeOf(sandboxes.stat({ root, path: "gone" }))).toBe("notFound")
  expect(await codeOf(sandboxes.read({ root, path: "" }, range))).toBe("notAFile")
  expect(await codeOf(sandboxes.read({ root, path: "pipe" }, range))).toBe("notAFile")
  expect(await codeOf(sandboxes.download({ root, path: "" }))).toBe("notAFile")
  expect(await codeOf(sandboxes.list({ root, path: "stdout" }))).toBe("notADirectory")
  expect(await codeOf(sandboxes.list({ root: `${root}/gone`, path: "" }))).toBe("notFound")
})

test("shows modes as ls does", () => {
  expect(fileMode(0o100644)).toBe("-rw-r--r--")
  expect(fileMode(0o40750)).toBe("drwxr-x---")
  expect(fileMode(0o41777)).toBe("drwxrwxrwt")
  expect(fileMode(0o104711)).toBe("-rws--x--x")
  expect(fileMode(0o120777)).toBe("lrwxrwxrwx")
})

test("measures a file system", async () => {
  const { totalBytes, usedBytes } = await sandboxes.diskUsage(root)
  expect(usedBytes).toBeGreaterThan(0)
  expect(usedBytes).toBeLessThanOrEqual(totalBytes)
})
