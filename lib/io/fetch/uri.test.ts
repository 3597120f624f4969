import { expect, test } from "bun:test"
import { isOutside } from "./archive-guard.ts"
import { archiveKind, parseUri, targetName, withoutPassword } from "./uri.ts"

test("tells the scheme and the checksum from the rest", () => {
  const hex = "AB".repeat(32)
  expect(parseUri(`HTTPS://h/a#sha256=${hex}`)).toEqual({
    ok: true,
    value: {
      scheme: "https",
      text: "HTTPS://h/a",
      checksum: { algorithm: "sha256", hex: hex.toLowerCase() },
    },
  })
  const plain = { scheme: undefined, text: "/a b#c", checksum: undefined }
  expect(parseUri("/a b#c")).toEqual({ ok: true, value: plain })
  expect(parseUri("  http://h/a")).toMatchObject({ value: { scheme: "http", text: "http://h/a" } })
  for (const bad of ["a#sha256=12", `a#sha512=${hex}`, `a#sha256=${"x".repeat(64)}`])
    expect(parseUri(bad).ok).toBe(false)
})

test("keeps passwords to itself", () => {
  expect(withoutPassword("http://user:secret@host/a")).toBe("http://user:***@host/a")
  expect(withoutPassword("http://host/a:b@c")).toBe("http://host/a:b@c")
})

test("names the file in the sandbox", () => {
  expect(targetName("http://h/a/b.tgz?c=1", undefined)).toEqual({ ok: true, value: "b.tgz?c=1" })
  expect(targetName("http://h/a", "dir/name")).toEqual({ ok: true, value: "dir/name" })
  expect(targetName("docker://busybox:1", undefined)).toEqual({ ok: true, value: "busybox:1" })
  for (const bare of ["http://h", "http://h/", "s3://bucket"])
    expect(targetName(bare, undefined).ok).toBe(false)
  for (const bad of ["/abs", "a/../b", "dir/", ".."])
    expect(targetName("http://h/a", bad).ok).toBe(false)
})

test("knows archives by their names", () => {
  for (const ending of ["tar", "tgz", "tar.gz", "tbz2", "tar.bz2", "txz", "tar.xz"])
    expect(archiveKind(`a.${ending}`)).toEqual({ kind: "tar" })
  expect(archiveKind("a.zip")).toEqual({ kind: "zip" })
  expect(archiveKind("a.gz")).toEqual({ kind: "gzip" })
  expect(archiveKind("a.tgz?x")).toBeUndefined()
})

test("sees members that lie outside", () => {
  expect(isOutside("a/b..c/..d")).toBe(false)
  expect(isOutside("/a")).toBe(true)
  expect(isOutside("a/../../b")).toBe(true)
})
