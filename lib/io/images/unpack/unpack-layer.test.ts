/** Layers are unpacked in a process of their own, by root: hostile ones stay in their directory. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { gzipSync, zstdCompressSync } from "node:zlib"
import { buildTar } from "#lib/io/images/testing/tar-builder.ts"
import type { BuiltEntry } from "#lib/io/images/testing/tar-builder.ts"
import { unpacker } from "#lib/io/images/testing/unpacker.ts"
import { unpackInProcess } from "./unpack-process.ts"
import type { UnpackReport } from "./unpack-layer.ts"

const isRoot = process.getuid?.() === 0
const withRoot = isRoot ? describe : describe.skip
const never = new AbortController().signal

let place = ""
let root = ""

beforeEach(() => {
  place = mkdtempSync(`${tmpdir()}/dcos-unpack-`)
  root = `${place}/fs`
  mkdirSync(root)
})
afterEach(() => rmSync(place, { recursive: true, force: true }))

async function unpackBytes(bytes: Uint8Array, signal = never): Promise<UnpackReport> {
  writeFileSync(`${place}/blob`, bytes)
  return unpackInProcess({ command: unpacker, blob: `${place}/blob`, directory: root, signal })
}

const unpack = (...entries: readonly BuiltEntry[]): Promise<UnpackReport> =>
  unpackBytes(buildTar(entries))

/** The value of an extended attribute, as getfattr(1) prints it in hexadecimal digits. */
function attribute(path: string, name: string): string {
  const child = Bun.spawnSync(["getfattr", "-h", "--only-values", "-n", name, `${root}/${path}`])
  return child.stdout.toString("hex")
}

const opaque = (path: string): boolean =>
  attribute(path, "trusted.overlay.opaque") === Buffer.from("y").toString("hex")

const isWhiteout = (path: string): boolean => {
  const stats = lstatSync(`${root}/${path}`)
  return stats.isCharacterDevice() && stats.rdev === 0
}

const refused = (report: UnpackReport): string =>
  report.kind === "failed" ? `${report.reason}: ${report.message}` : "unpacked"

withRoot("ordinary layers", () => {
  test("files, directories and links have their content, owner, mode and time", async () => {
    const report = await unpack(
      { path: "./", type: "5", mode: 0o755, modifiedAt: 1_100_000_000 },
      { path: "etc/", type: "5", mode: 0o750, uid: 5, gid: 6, modifiedAt: 1_200_000_000 },
      { path: "etc/motd", content: "hello", mode: 0o640, uid: 7, gid: 8 },
      { path: "bin/su", content: "#!", mode: 0o4755, uid: 0 },
      { path: "etc/link", type: "2", link: "/etc/motd", uid: 9, gid: 9 },
      { path: "etc/same", type: "1", link: "etc/motd" },
      { path: "dev/null", type: "3", device: [1, 3], mode: 0o666 },
      { path: "dev/sda", type: "4", device: [8, 300], mode: 0o660 },
      { path: "run/pipe", type: "6", mode: 0o600 },
    )
    expect(report).toMatchObject({ kind: "unpacked", entries: 9 })
    const motd = lstatSync(`${root}/etc/motd`)
    expect([motd.mode & 0o7777, motd.uid, motd.gid, motd.mtimeMs, motd.nlink]).toEqual([
      0o640, 7, 8, 1_000_000_000_000, 2,
    ])
    expect(readFileSync(`${root}/etc/same`, "utf8")).toBe("hello")
    expect(lstatSync(`${root}/bin/su`).mode & 0o7777).toBe(0o4755)
    expect(lstatSync(`${root}/bin`).mode & 0o7777).toBe(0o755)
    const etc = lstatSync(`${root}/etc`)
    expect([etc.mode & 0o7777, etc.uid, etc.gid, etc.mtimeMs]).toEqual([
      0o750, 5, 6, 1_200_000_000_000,
    ])
    expect(readlinkSync(`${root}/etc/link`)).toBe("/etc/motd")
    expect(lstatSync(`${root}/etc/link`).uid).toBe(9)
    const isolated = lstatSync(`${root}/dev/null`)
    expect([isolated.isCharacterDevice(), isolated.rdev]).toEqual([true, (1 << 8) | 3])
    expect(lstatSync(`${root}/dev/sda`).isBlockDevice()).toBe(true)
    expect(lstatSync(`${root}/run/pipe`).isFIFO()).toBe(true)
    expect(lstatSync(root).mtimeMs).toBe(1_100_000_000_000)
  })

  test("the report has the digest of the tar inside, however it is packed", async () => {
    const tar = buildTar([{ path: "a", content: "x".repeat(300_000) }])
    const sha256 = new Bun.CryptoHasher("sha256").update(tar).digest("hex")
    const half = tar.length >> 1
    const packed = [
      tar,
      gzipSync(tar),
      // Several members in a row, as parallel compressors and indexed layers have them.
      Buffer.concat([gzipSync(tar.subarray(0, half)), gzipSync(tar.subarray(half))]),
      zstdCompressSync(tar),
    ]
    for (const bytes of packed) {
      rmSync(root, { recursive: true })
      mkdirSync(root)
      expect(await unpackBytes(bytes)).toMatchObject({ kind: "unpacked", sha256 })
      expect(lstatSync(`${root}/a`).size).toBe(300_000)
    }
  })

  test("an empty layer is one", async () => {
    expect(await unpackBytes(new Uint8Array())).toMatchObject({ kind: "unpacked", entries: 0 })
    expect(await unpackBytes(Buffer.alloc(1024))).toMatchObject({ kind: "unpacked", entries: 0 })
  })

  test("names of any length and of any bytes are kept", async () => {
    const long = `${"d".repeat(120)}/${"f".repeat(200)}`
    const report = await unpack(
      { path: "x", pax: { path: long }, content: "pax" },
      { path: "././@LongLink", type: "L", content: `gnu-${long}\0` },
      { path: "gnu", content: "gnu" },
      { path: "caf\xe9", content: "latin" },
    )
    expect(report.kind).toBe("unpacked")
    expect(readFileSync(`${root}/${long}`, "utf8")).toBe("pax")
    expect(readFileSync(`${root}/gnu-${long}`, "utf8")).toBe("gnu")
    const names = readdirSync(root, { encoding: "buffer" }) as unknown as readonly Buffer[]
    expect(names.some((name) => name.equals(Buffer.from("caf\xe9", "latin1")))).toBe(true)
  })

  test("capabilities of files are kept to the byte; overlay's own attributes are not taken", async () => {
    const capability = Uint8Array.from([
      1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0x80, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ])
    await unpack({
      path: "ping",
      content: "x",
      uid: 3,
      pax: {
        "SCHILY.xattr.security.capability": capability,
        "SCHILY.xattr.user.note": "hi",
        "SCHILY.xattr.trusted.overlay.redirect": "/etc",
        "SCHILY.xattr.user.overlay.opaque": "y",
        "SCHILY.xattr.security.selinux": "x",
      },
    })
    expect(attribute("ping", "security.capability")).toBe(Buffer.from(capability).toString("hex"))
    expect(attribute("ping", "user.note")).toBe(Buffer.from("hi").toString("hex"))
    const names = Bun.spawnSync(["getfattr", "-h", "-m", "-", `${root}/ping`]).stdout.toString()
    expect(names).not.toContain("overlay")
    expect(names).not.toContain("selinux")
  })

  test("owners are those of the layer, also below a directory that hands on its group", async () => {
    await unpack(
      { path: "local/", type: "5", mode: 0o2775, uid: 0, gid: 50 },
      { path: "local/file", content: "x" },
      { path: "local/made/inside", content: "x" },
      { path: "local/sub/", type: "5", mode: 0o755 },
      { path: "local/link", type: "2", link: "file" },
      { path: "far", content: "x", pax: { uid: "3000000000", gid: "3000000001" } },
    )
    const of = (path: string): readonly number[] => {
      const { uid, gid, mode } = lstatSync(`${root}/${path}`)
      return [uid, gid, mode & 0o7777]
    }
    expect(of("local")).toEqual([0, 50, 0o2775])
    expect(of("local/file")).toEqual([0, 0, 0o644])
    expect(of("local/made")).toEqual([0, 0, 0o755])
    expect(of("local/made/inside")).toEqual([0, 0, 0o644])
    expect(of("local/sub")).toEqual([0, 0, 0o755])
    expect(of("local/link").slice(0, 2)).toEqual([0, 0])
    expect(of("far").slice(0, 2)).toEqual([3_000_000_000, 3_000_000_001])
  })

  test("links to what aufs kept aside are files of the layer; what it kept aside is not", async () => {
    const report = await unpack(
      { path: ".wh..wh.aufs", content: "" },
      { path: ".wh..wh.orph/", type: "5", mode: 0o700 },
      { path: ".wh..wh.plnk/", type: "5", mode: 0o700 },
      { path: ".wh..wh.plnk/12.34", content: "perl", mode: 0o755 },
      { path: "usr/bin/perl", type: "1", link: ".wh..wh.plnk/12.34" },
      { path: "usr/bin/perl5", type: "1", link: "/.wh..wh.plnk/12.34" },
    )
    expect(refused(report)).toBe("unpacked")
    expect(readdirSync(root)).toEqual(["usr"])
    expect(readFileSync(`${root}/usr/bin/perl`, "utf8")).toBe("perl")
    expect([
      lstatSync(`${root}/usr/bin/perl5`).nlink,
      lstatSync(`${root}/usr/bin/perl5`).mode & 0o777,
    ]).toEqual([2, 0o755])
  })

  test("a later entry replaces an earlier one of the same name", async () => {
    await unpack(
      { path: "a", content: "one" },
      { path: "a", content: "two" },
      { path: "b/c", content: "deep" },
      { path: "b", type: "2", link: "a" },
      { path: "d", type: "2", link: "a" },
      { path: "d/", type: "5" },
    )
    expect(readFileSync(`${root}/a`, "utf8")).toBe("two")
    expect(readlinkSync(`${root}/b`)).toBe("a")
    expect(lstatSync(`${root}/d`).isDirectory()).toBe(true)
  })
})

withRoot("whiteouts", () => {
  test("become devices and opaque directories", async () => {
    const report = await unpack(
      { path: "etc/.wh.passwd" },
      { path: "var/cache/.wh..wh..opq" },
      { path: ".wh.tmp" },
      { path: ".wh..wh.plnk/12.34", content: "aufs" },
    )
    expect(refused(report)).toBe("unpacked")
    expect(isWhiteout("etc/passwd")).toBe(true)
    expect(isWhiteout("tmp")).toBe(true)
    expect(opaque("var/cache")).toBe(true)
    expect(opaque("etc")).toBe(false)
    expect(readdirSync(root).sort()).toEqual(["etc", "tmp", "var"])
  })

  test.each([
    [[{ path: ".wh.a" }, { path: "a/", type: "5" }]],
    [[{ path: "a/", type: "5" }, { path: ".wh.a" }]],
    [[{ path: ".wh.a" }, { path: "a/b", content: "" }]],
  ])("a directory that replaces one of a lower layer hides what that had (%#)", async (entries) => {
    await unpack(...entries)
    expect(lstatSync(`${root}/a`).isDirectory()).toBe(true)
    expect(opaque("a")).toBe(true)
  })

  test("do not touch what their own layer brings", async () => {
    await unpack({ path: "a", content: "new" }, { path: ".wh.a" })
    await unpack({ path: ".wh.b" }, { path: "b", content: "new" })
    expect(readFileSync(`${root}/a`, "utf8")).toBe("new")
    expect(readFileSync(`${root}/b`, "utf8")).toBe("new")
  })
})

withRoot("hostile layers", () => {
  const outside = (): string => `${place}/outside`

  test.each(["../outside", "a/../../outside", "/../outside", "..", "a/../.."])(
    "a name that leads out is refused: %s",
    async (path) => {
      expect(refused(await unpack({ path, content: "x" }))).toContain("outside of the layer")
      expect(existsSync(outside())).toBe(false)
    },
  )

  test("a link to the outside is kept, and what is written through it stays inside", async () => {
    mkdirSync(outside())
    const report = await unpack(
      { path: "absolute", type: "2", link: outside() },
      { path: "relative", type: "2", link: "../../../../../.." },
      { path: "relative/written", content: "x" },
      { path: "etc-link", type: "2", link: "/etc" },
      { path: "etc/", type: "5" },
      { path: "etc-link/passwd", content: "hostile" },
    )
    expect(refused(report)).toBe("unpacked")
    expect(readdirSync(outside())).toEqual([])
    expect(readFileSync(`${root}/etc/passwd`, "utf8")).toBe("hostile")
    expect(readFileSync("/etc/passwd", "utf8")).not.toContain("hostile")
    expect(existsSync("/written")).toBe(false)
    const through = await unpack({ path: "absolute/x", content: "x" })
    expect(refused(through)).not.toBe("unpacked")
    expect(readdirSync(outside())).toEqual([])
  })

  test("a file over a link replaces the link, not what it points to", async () => {
    writeFileSync(outside(), "mine")
    await unpack(
      { path: "link", type: "2", link: outside() },
      { path: "link", content: "hostile", mode: 0o777, uid: 1 },
    )
    expect(readFileSync(outside(), "utf8")).toBe("mine")
    expect(lstatSync(outside()).uid).toBe(0)
    expect(readFileSync(`${root}/link`, "utf8")).toBe("hostile")
  })

  test("a directory over a link does not change what it points to", async () => {
    mkdirSync(outside(), { mode: 0o700 })
    await unpack(
      { path: "link", type: "2", link: outside() },
      { path: "link/", type: "5", mode: 0o777, uid: 1 },
      { path: "link/.wh..wh..opq" },
    )
    expect(lstatSync(outside()).mode & 0o777).toBe(0o700)
    expect(lstatSync(`${root}/link`).isDirectory()).toBe(true)
  })

  test.each(["../outside", "/etc/passwd", "nothing"])(
    "a hard link to what the layer lacks is refused: %s",
    async (link) => {
      const report = await unpack({ path: "a", type: "1", link })
      expect(refused(report)).toStartWith("badLayer: ")
      expect(existsSync(`${root}/a`)).toBe(false)
    },
  )

  test("a whiteout that leads out is refused", async () => {
    expect(refused(await unpack({ path: "a/.wh..." }))).toBe(
      "badLayer: the whiteout '/a/.wh...' names nothing",
    )
    expect(refused(await unpack({ path: "../.wh.outside" }))).toContain("outside of the layer")
  })

  test.each([
    [
      "a file below a file",
      [
        { path: "a", content: "" },
        { path: "a/b", content: "" },
      ],
      "no directory",
    ],
    ["a link to itself", [{ path: "a", type: "1", link: "a" }], "points to itself"],
    ["an unknown kind", [{ path: "a", type: "Q" }], "unsupported kind 'Q'"],
    ["a sparse file", [{ path: "a", pax: { "GNU.sparse.major": "1" } }], "sparse"],
    [
      "links in a circle",
      [
        { path: "a", type: "2", link: "a" },
        { path: "a/b", content: "" },
      ],
      "a",
    ],
    [
      "a name too long",
      [{ path: "a", pax: { path: "x".repeat(300) }, content: "" }],
      "ENAMETOOLONG",
    ],
  ] as const)("%s is refused", async (_, entries, why) => {
    const text = refused(await unpack(...entries))
    expect(text).toStartWith("badLayer: ")
    expect(text).toContain(why)
  })

  test("what is no archive, or a part of one, is refused", async () => {
    const tar = buildTar([{ path: "a", content: "x".repeat(10_000) }])
    expect(refused(await unpackBytes(tar.subarray(0, 5000)))).toContain("in the middle of an entry")
    expect(refused(await unpackBytes(Buffer.from("x".repeat(2000))))).toContain("wrong checksum")
    expect(refused(await unpackBytes(gzipSync(tar).subarray(0, 60)))).toContain("badLayer: ")
    const broken = gzipSync(tar)
    broken[20] = (broken[20] ?? 0) ^ 0xff
    expect(refused(await unpackBytes(broken))).toContain("badLayer: ")
    expect(refused(await unpackBytes(Buffer.from("BZh91AY")))).toContain("packed with bzip2")
  })
})

withRoot("the process", () => {
  test("ends when the pull is given up", async () => {
    const abort = new AbortController()
    const tar = buildTar([{ path: "a", content: Buffer.alloc(64 * 1024 * 1024) }])
    const report = unpackBytes(tar, abort.signal)
    abort.abort()
    expect(report).rejects.toThrow()
    await report.catch(() => {})
  })
})
