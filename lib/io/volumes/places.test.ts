import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  realpathSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { TestPlace } from "#lib/io/testing/containers.ts"
import {
  hostPlace,
  makeLink,
  makeMountPoint,
  persistentPlace,
  refusePrivate,
  sandboxPlace,
} from "./places.ts"
import { rootUser, testWith } from "../../../test/fixtures/system-parts.ts"

const NOBODY = { name: "nobody", uid: 65534, gid: 65534 }
let place: TestPlace
let sandbox: string
beforeEach(() => {
  place = new TestPlace()
  sandbox = `${realpathSync(place.root)}/sandbox`
  mkdirSync(sandbox)
})
afterEach(() => place[Symbol.dispose]())

/** The message of what the promise fails with, or "". */
const failure = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "",
    (cause: unknown) => String(cause),
  )

test("a host path must be there, or lie below one that may be made", async () => {
  writeFileSync(`${sandbox}/file`, "")
  symlinkSync(sandbox, `${place.root}/link`)
  expect(await hostPlace(`${place.root}/link/file`, [])).toEqual({
    path: `${sandbox}/file`,
    kind: "file",
  })
  expect(await failure(hostPlace(`${sandbox}/gone`, ["/other"]))).toContain("does not exist")
  expect(await failure(hostPlace(`${sandbox}-gone`, [sandbox]))).toContain("does not exist")
  const made = `${sandbox}/a/b`
  expect(await hostPlace(made, [sandbox])).toEqual({ path: made, kind: "directory" })
})

test("mounts in a container reach the machine only from below a shared mount", () => {
  const mounts = [
    { root: "/", path: "/", shared: false },
    { root: "/", path: "/shared", shared: true },
  ]
  expect(() => refusePrivate("/shared/data", mounts)).not.toThrow()
  expect(() => refusePrivate("/data", mounts)).toThrow(
    "Cannot setup bidirectional mount propagation for host path '/data' because it is not under a shared mount",
  )
})

describe("a path of a sandbox", () => {
  test("is made where it is missing, and may be a file", async () => {
    expect(await sandboxPlace(sandbox, "a/b", undefined)).toEqual({
      path: `${sandbox}/a/b`,
      kind: "directory",
    })
    writeFileSync(`${sandbox}/a/file`, "")
    expect(await sandboxPlace(sandbox, "a/file", undefined)).toEqual({
      path: `${sandbox}/a/file`,
      kind: "file",
    })
    expect((await sandboxPlace(sandbox, "", undefined)).path).toBe(sandbox)
  })

  test("never leads through a link, which a task may have made", async () => {
    symlinkSync(place.root, `${sandbox}/out`)
    for (const path of ["out", "out/x"])
      expect(await failure(sandboxPlace(sandbox, path, undefined))).toContain("'out' is a link")
    expect(await failure(sandboxPlace(sandbox, "../x", undefined))).toContain("'..'")
    expect(existsSync(`${place.root}/x`)).toBe(false)
  })

  testWith(rootUser)("belongs to the user where it was made", async () => {
    mkdirSync(`${sandbox}/old`)
    await sandboxPlace(sandbox, "old/new", NOBODY)
    expect([statSync(`${sandbox}/old`).uid, statSync(`${sandbox}/old/new`).uid]).toEqual([0, 65534])
  })
})

describe("a persistent volume", () => {
  testWith(rootUser)(
    "is made once and given to its user, its mode and content left alone",
    async () => {
      const volume = { path: `${place.root}/volumes/roles/db/v1`, isMount: false }
      await persistentPlace(volume, NOBODY)
      expect(statSync(volume.path).mode & 0o777).toBe(0o755)
      writeFileSync(`${volume.path}/mine`, "")
      chmodSync(volume.path, 0o700)
      await persistentPlace(volume, undefined)
      expect(statSync(volume.path).uid).toBe(65534)
      await persistentPlace(volume, { name: "root", uid: 0, gid: 0 })
      const { uid, mode } = statSync(volume.path)
      expect([uid, mode & 0o777, statSync(`${volume.path}/mine`).uid]).toEqual([0, 0o700, 0])
    },
  )

  test("on a disk of its own fails where the disk is not there", async () => {
    const path = `${place.root}/disk`
    expect(await failure(persistentPlace({ path, isMount: true }, undefined))).toContain(
      "is not there: mount it",
    )
    mkdirSync(path)
    const found = await persistentPlace({ path, isMount: true }, undefined)
    expect(found.path).toBe(realpathSync(path))
  })
})

describe("in a sandbox", () => {
  test("links replace links and empty directories, and nothing else", async () => {
    const link = (target: string) => makeLink(sandbox, target, { path: "/etc", owner: undefined })
    await link("a/b")
    expect(readlinkSync(`${sandbox}/a/b`)).toBe("/etc")
    await link("a/b")
    mkdirSync(`${sandbox}/full/in`, { recursive: true })
    expect(await failure(link("full"))).toContain("stands in its place")
    expect(await failure(link("a/b/c"))).toContain("'b' is a link")
  })

  test("mount points are made once, and never where a link leads", async () => {
    const what = { kind: "file", owner: undefined } as const
    await makeMountPoint(sandbox, "d/key", what)
    await makeMountPoint(sandbox, "d/key", what)
    expect(lstatSync(`${sandbox}/d/key`).size).toBe(0)
    await makeMountPoint(sandbox, "e/f", { kind: "directory", owner: undefined })
    expect(lstatSync(`${sandbox}/e/f`).isDirectory()).toBe(true)
    symlinkSync(`${place.root}/victim`, `${sandbox}/key`)
    expect(await failure(makeMountPoint(sandbox, "key", what))).not.toBe("")
    expect(existsSync(`${place.root}/victim`)).toBe(false)
  })
})
