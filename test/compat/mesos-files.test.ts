import { describe, expect, test } from "bun:test"
import { createMasterApi, type PublishedFiles } from "#lib/master/index.ts"
import type { FileProblem } from "#lib/ports/index.ts"
import { err, ok } from "#lib/std/result.ts"
import { masterPort, masterView } from "./master-view.ts"

const content = new TextEncoder().encode("first line\nsäcond\n")
const entry = {
  size: 19,
  nlink: 1,
  mtime: 1_700_000_000,
  mode: "-rw-r--r--",
  uid: "root",
  gid: "root",
}
const missing = err<FileProblem>({ code: "notFound", message: "No such file or directory" })

/** One folder with one file, and a secret that nobody may read. */
const reader: PublishedFiles["reader"] = {
  stat: ({ path }) => Promise.resolve(path === "log" ? ok({ name: "log", ...entry }) : missing),
  list: ({ path }) => {
    if (path === "") return Promise.resolve(ok([{ name: "log", ...entry }]))
    return Promise.resolve(
      path === "log" ? err({ code: "notADirectory", message: "Not a directory" }) : missing,
    )
  },
  read: ({ path }, { offset, length }) => {
    if (path === "secret") return Promise.resolve(err({ code: "denied", message: "Denied" }))
    if (path === "") return Promise.resolve(err({ code: "notAFile", message: "Is a directory" }))
    if (path !== "log") return Promise.resolve(missing)
    return Promise.resolve(
      ok({ bytes: content.slice(offset, offset + length), fileSize: content.length }),
    )
  },
  download: ({ path }) =>
    Promise.resolve(
      path === "log"
        ? ok({ name: "log", size: content.length, body: new Blob([content]).stream() })
        : missing,
    ),
}
const api = createMasterApi({
  master: masterPort(masterView()),
  clock: { now: () => 0, wakeAt: () => () => undefined, soon: (run) => run() },
  log: { enabled: () => false, write: () => undefined },
  build: { version: "1", buildDate: "", buildTime: 0, buildUser: "" },
  flags: {},
  published: {
    reader,
    files: new Map([
      ["/master/log", { root: "/var/log/master", path: "log" }],
      ["/box", { root: "/var/box", path: "" }],
    ]),
  },
})
const read = async (path: string): Promise<unknown> => (await api.request(path)).json()
const status = async (path: string): Promise<number> => (await api.request(path)).status

describe("section 5.4: files", () => {
  test("browse lists a folder with virtual paths", async () => {
    expect(await read("/files/browse?path=/box")).toEqual([{ path: "/box/log", ...entry }])
    expect(await read("/files/browse?path=/master/log")).toEqual([])
  })

  test.each([
    ["offset=0", { data: "first line\nsäcond\n", offset: 0 }],
    ["offset=6&length=4", { data: "line", offset: 6 }],
    ["offset=11&length=2", { data: "s", offset: 11 }],
    ["offset=6&length=-1", { data: "line\nsäcond\n", offset: 6 }],
    ["offset=-1", { data: "", offset: 19 }],
    ["", { data: "", offset: 19 }],
    ["offset=100", { data: "", offset: 100 }],
  ])("read with %p", async (query, answer) => {
    expect(await read(`/files/read?path=/master/log&${query}`)).toEqual(answer)
    expect(await read(`/files/read?path=/box/log&${query}`)).toEqual(answer)
  })

  test("download sends the whole file as an attachment", async () => {
    const response = await api.request("/files/download?path=/master/log")
    expect(response.headers.get("content-type")).toBe("application/octet-stream")
    expect(response.headers.get("content-disposition")).toBe('attachment; filename="log"')
    expect(await response.text()).toBe("first line\nsäcond\n")
  })

  test("debug shows where files lie", async () => {
    expect(await read("/files/debug")).toEqual({
      "/master/log": "/var/log/master/log",
      "/box": "/var/box",
    })
  })

  test.each([
    ["/files/browse", 400],
    ["/files/read?offset=0", 400],
    ["/files/read?path=/box/log&offset=x", 400],
    ["/files/read?path=/box/log&offset=0&length=-2", 400],
    ["/files/read?path=/box&offset=0", 400],
    ["/files/read?path=/box/secret&offset=0", 403],
    ["/files/browse?path=/elsewhere", 404],
    ["/files/browse?path=/boxes", 404],
    ["/files/browse?path=/box/none", 404],
    ["/files/read?path=/box/none&offset=0", 404],
    ["/files/download?path=/box/none", 404],
    ["/files/other", 404],
  ])("%s answers %d", async (path, expected) => {
    expect(await status(path)).toBe(expected)
  })
})
