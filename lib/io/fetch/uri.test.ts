import { expect, test } from "bun:test"
import { isOutside, staysInside } from "./archive-guard.ts"
import { archiveKind, parseSource, targetName } from "./uri.ts"

test("tells downloads from copies", () => {
  const kindOf = (uri: string) => {
    const source = parseSource(uri, "/home/frameworks")
    return source.ok ? source.value : undefined
  }
  expect(kindOf("HTTPS://h/a")).toEqual({ kind: "download", url: "HTTPS://h/a" })
  expect(kindOf("file:///a/b")).toEqual({ kind: "copy", path: "/a/b" })
  expect(kindOf("file://localhost/a")).toEqual({ kind: "copy", path: "/a" })
  expect(kindOf("/a b")).toEqual({ kind: "copy", path: "/a b" })
  expect(kindOf("a/b")).toEqual({ kind: "copy", path: "/home/frameworks/a/b" })
  expect(kindOf("hdfs://h/a")).toBeUndefined()
  expect(kindOf("file://host/a")).toBeUndefined()
  expect(parseSource("a", undefined).ok).toBe(false)
})

test("names the file in the sandbox", () => {
  expect(targetName("http://h/a/b.tgz?c=1", undefined)).toEqual({ ok: true, value: "b.tgz?c=1" })
  expect(targetName("http://h/a", "dir/name")).toEqual({ ok: true, value: "dir/name" })
  for (const bad of ["/abs", "a/../b", "dir/", ".."])
    expect(targetName("http://h/a", bad).ok).toBe(false)
})

test("knows archives by their names", () => {
  expect(archiveKind("a.tar")).toEqual({ kind: "tar", option: "" })
  expect(archiveKind("a.tgz")).toEqual({ kind: "tar", option: "z" })
  expect(archiveKind("a.tar.bz2")).toEqual({ kind: "tar", option: "j" })
  expect(archiveKind("a.txz")).toEqual({ kind: "tar", option: "J" })
  expect(archiveKind("a.zip")).toEqual({ kind: "zip" })
  expect(archiveKind("a.gz")).toEqual({ kind: "gzip" })
  expect(archiveKind("a.tgz?x")).toBeUndefined()
})

test("follows links only downwards after going up", () => {
  expect(staysInside("a/b", 0)).toBe(true)
  expect(staysInside("../a", 1)).toBe(true)
  expect(staysInside("./../../a", 2)).toBe(true)
  expect(staysInside("..", 0)).toBe(false)
  expect(staysInside("../../a", 1)).toBe(false)
  expect(staysInside("a/../b", 3)).toBe(false)
  expect(staysInside("/a", 3)).toBe(false)
})

test("sees members that lie outside", () => {
  expect(isOutside("a/b..c/..d")).toBe(false)
  expect(isOutside("/a")).toBe(true)
  expect(isOutside("a/../../b")).toBe(true)
})
