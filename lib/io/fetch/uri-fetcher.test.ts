import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { gzipSync } from "node:zlib"
import type { CommandInfoUri } from "#lib/mesos/index.ts"
import { TestPlace, until } from "#lib/io/testing/containers.ts"
import type { UriFetcherOptions } from "./uri-fetcher.ts"
import { UriFetcher } from "./uri-fetcher.ts"
import { command, rootUser, testWith } from "../../../test/fixtures/system-parts.ts"

let place: TestPlace
let sandbox: string
let source: string
let fetcher: UriFetcher
let server: ReturnType<typeof Bun.serve> | undefined

beforeEach(() => {
  place = new TestPlace()
  sandbox = `${place.root}/sandbox`
  source = `${place.root}/source`
  mkdirSync(sandbox)
  mkdirSync(source)
  fetcher = open()
})
afterEach(async () => {
  await server?.stop(true)
  server = undefined
  place[Symbol.dispose]()
})

const open = (options: Partial<UriFetcherOptions> = {}): UriFetcher =>
  new UriFetcher({
    cacheDir: `${place.root}/cache`,
    frameworksHome: source,
    retryMs: 1,
    ...options,
  })

/** Fetches and gives the message of a failure, or "". */
async function fetchAll(...uris: (string | CommandInfoUri)[]): Promise<string> {
  const { signal } = new AbortController()
  const list = uris.map((uri) => (typeof uri === "string" ? { value: uri } : uri))
  const result = await fetcher.fetch({ uris: list, sandbox, signal })
  return result.ok ? "" : result.error.message
}

const read = (name: string): string => readFileSync(`${sandbox}/${name}`, "utf8")
const names = (): string[] => readdirSync(sandbox).sort()

function serve(answer: (request: Request) => Response | Promise<Response>): string {
  server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: answer })
  return `http://127.0.0.1:${server.port}`
}

/** Packs what `make` leaves in a directory, with GNU tar told to keep even what is dangerous. */
function pack(file: string, make: (directory: string) => void, members: string[] = ["."]): string {
  const directory = `${place.root}/pack-${crypto.randomUUID()}`
  mkdirSync(directory)
  make(directory)
  const packed = Bun.spawnSync(["tar", "-C", directory, "-Pcf", `${source}/${file}`, ...members])
  if (packed.exitCode !== 0) throw new Error(packed.stderr.toString())
  return `${source}/${file}`
}

/** Starts a process that fetches one URI into the sandbox, with these options, and prints the result. */
function fetchElsewhere(
  value: string,
  options: Partial<UriFetcherOptions> = {},
  { before = [], env }: { before?: string[]; env?: Record<string, string> } = {},
) {
  const module = JSON.stringify(import.meta.resolve("./uri-fetcher.ts"))
  const all = JSON.stringify({ cacheDir: `${place.root}/cache`, retryMs: 1, ...options })
  const request = JSON.stringify({ uris: [{ value }], sandbox })
  const script = `import { UriFetcher } from ${module}
    const { signal } = new AbortController()
    console.log(JSON.stringify(await new UriFetcher(${all}).fetch({ ...${request}, signal })))`
  return Bun.spawn([...before, process.execPath, "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
    ...(env === undefined ? {} : { env }),
  })
}

/** A zip archive of one member, not compressed. */
function zipOf(member: string, content: string): Buffer {
  const name = Buffer.from(member)
  const data = Buffer.from(content)
  // Version, flags, method, time, date, checksum, sizes, length of the name, no extra field.
  const common = Buffer.alloc(26)
  common.writeUInt16LE(20, 0)
  common.writeUInt32LE(Bun.hash.crc32(data), 10)
  common.writeUInt32LE(data.length, 14)
  common.writeUInt32LE(data.length, 18)
  common.writeUInt16LE(name.length, 22)
  const local = Buffer.concat([Buffer.from("PK\x03\x04"), common, name, data])
  const entry = Buffer.concat([Buffer.from("PK\x01\x02\x14\x00"), common, Buffer.alloc(14), name])
  const end = Buffer.alloc(22)
  end.write("PK\x05\x06")
  end.writeUInt16LE(1, 8)
  end.writeUInt16LE(1, 10)
  end.writeUInt32LE(entry.length, 12)
  end.writeUInt32LE(local.length, 16)
  return Buffer.concat([local, entry, end])
}

describe("copies", () => {
  test("a path, a relative path and a file URI", async () => {
    for (const name of ["a", "b", "c"]) writeFileSync(`${source}/${name}`, name)
    expect(await fetchAll(`${source}/a`, "b", `file://${source}/c`)).toBe("")
    expect(names()).toEqual(["a", "b", "c"])
    expect(statSync(`${sandbox}/a`).mode & 0o777).toBe(0o644)
  })

  test("to output_file, replacing a link that stands there", async () => {
    writeFileSync(`${source}/a`, "new")
    writeFileSync(`${place.root}/victim`, "precious")
    mkdirSync(`${sandbox}/dir`)
    symlinkSync(`${place.root}/victim`, `${sandbox}/dir/out`)
    expect(await fetchAll({ value: "a", outputFile: "dir/out" })).toBe("")
    expect(read("dir/out")).toBe("new")
    expect(readFileSync(`${place.root}/victim`, "utf8")).toBe("precious")
  })

  test("never through a link, which a task may have made, to a directory elsewhere", async () => {
    writeFileSync(`${source}/a`, "new")
    symlinkSync(place.root, `${sandbox}/out`)
    expect(await fetchAll({ value: "a", outputFile: "out/b" })).toContain("'out' is a link")
    expect(existsSync(`${place.root}/b`)).toBe(false)
  })

  test("in words when its name is taken or too long", async () => {
    writeFileSync(`${source}/a`, "a")
    mkdirSync(`${sandbox}/taken/inside`, { recursive: true })
    const taken = await fetchAll({ value: "a", outputFile: "taken" })
    expect(taken).toBe(
      "fetching 'a' failed: there is a directory of the name 'taken' in the sandbox",
    )
    expect(await fetchAll({ value: "a", outputFile: "." })).toContain("directory of the name '.'")
    const long = await fetchAll({ value: "a", outputFile: "x".repeat(300) })
    expect(long).toBe("fetching 'a' failed: its name is too long: set output_file")
  })

  test("after an agent that ended in the middle of it, without what that left", async () => {
    writeFileSync(`${source}/a`, "a")
    mkdirSync(`${sandbox}/.fetch.${crypto.randomUUID()}/tree/deep`, { recursive: true })
    expect(await fetchAll("a")).toBe("")
    expect(names()).toEqual(["a"])
  })

  test("leaves alone what others bring into the same sandbox meanwhile", async () => {
    const asked = Promise.withResolvers<void>()
    const go = Promise.withResolvers<void>()
    const base = serve(async () => {
      asked.resolve()
      await go.promise
      return new Response("slow")
    })
    writeFileSync(`${source}/quick`, "quick")
    const slow = fetchAll(`${base}/slow`)
    await asked.promise
    expect(await fetchAll("quick")).toBe("")
    go.resolve()
    expect(await slow).toBe("")
    expect(names()).toEqual(["quick", "slow"])
  })

  test("an executable without unpacking it", async () => {
    writeFileSync(`${source}/run.gz`, "#!/bin/sh")
    expect(await fetchAll({ value: "run.gz", executable: true })).toBe("")
    expect(statSync(`${sandbox}/run.gz`).mode & 0o777).toBe(0o755)
    expect(names()).toEqual(["run.gz"])
  })

  testWith(rootUser)("with the rights of the task's user, who owns the copy", async () => {
    writeFileSync(`${source}/public`, "public")
    writeFileSync(`${source}/private`, "private")
    chmodSync(`${source}/private`, 0o600)
    chmodSync(place.root, 0o755)
    const { signal } = new AbortController()
    const fetchAs = (name: string) =>
      fetcher.fetch({ uris: [{ value: name }], sandbox, user: "nobody", signal })
    expect(await fetchAs("public")).toEqual({ ok: true, value: undefined })
    expect(statSync(`${sandbox}/public`).uid).toBe(65534)
    const refused = await fetchAs("private")
    expect(refused.ok ? "" : refused.error.message).toContain("Permission denied")
    expect(names()).toEqual(["public"])
  })

  test("nothing it cannot, naming URI and cause", async () => {
    expect(await fetchAll("gone")).toStartWith("fetching 'gone' failed: ENOENT")
    expect(await fetchAll(source)).toContain("it is not a file")
    expect(await fetchAll("gopher://host/file")).toStartWith(
      "fetching 'gopher://host/file' failed: the scheme 'gopher' is not supported: use a path or one of file, http, https, s3",
    )
    expect(await fetchAll({ value: "a", outputFile: "../a" })).toContain("without '..'")
    expect(await fetchAll("http://host/")).toContain("is no file name: set output_file")
  })
})

describe("downloads", () => {
  test("to the last component of the path, query included, through redirects", async () => {
    const base = serve(({ url }) =>
      new URL(url).pathname === "/from"
        ? new Response(null, { status: 302, headers: { location: "/to" } })
        : new Response("content"),
    )
    expect(await fetchAll(`${base}/from?v=1`)).toBe("")
    expect(names()).toEqual(["from?v=1"])
    expect(read("from?v=1")).toBe("content")
  })

  test("an encoded archive as it is sent", async () => {
    const body = gzipSync("text")
    const headers = { "content-encoding": "gzip" }
    const base = serve(() => new Response(body, { headers }))
    expect(await fetchAll({ value: `${base}/file.gz` })).toBe("")
    expect(read("file")).toBe("text")
    expect(readFileSync(`${sandbox}/file.gz`)).toEqual(body)
  })

  test("nothing but a 200, and nothing from another scheme", async () => {
    const base = serve(({ url }) => {
      const { pathname } = new URL(url)
      if (pathname === "/loop")
        return new Response(null, { status: 302, headers: { location: "loop" } })
      if (pathname !== "/leak") return new Response("no", { status: 403 })
      return new Response(null, { status: 302, headers: { location: "file:///etc/passwd" } })
    })
    expect(await fetchAll(`${base}/x`)).toBe(`fetching '${base}/x' failed: the server answered 403`)
    expect(await fetchAll(`${base}/leak`)).toContain("redirects to a file: address")
    expect(await fetchAll(`${base}/loop`)).toContain("redirects more than 10 times")
    expect(names()).toEqual([])
  })

  test("again when the server is busy or the connection breaks, three times at most", async () => {
    let requests = 0
    const base = serve(({ url }) => {
      const busy = new URL(url).pathname === "/busy"
      return ++requests < 3 || busy ? new Response("later", { status: 503 }) : new Response("here")
    })
    expect(await fetchAll(`${base}/file`)).toBe("")
    expect(read("file")).toBe("here")
    requests = 0
    expect(await fetchAll(`${base}/busy`)).toContain("the server answered 503")
    expect(requests).toBe(3)
    await server?.stop(true)
    expect(await fetchAll(`${base}/file`)).toContain("127.0.0.1")
  })

  testWith(command("openssl"))("from whom an authority of the system vouches for", async () => {
    const files = [`${place.root}/key.pem`, `${place.root}/authorities/cert.pem`] as const
    mkdirSync(`${place.root}/authorities`)
    const subject = ["-subj", "/CN=files", "-addext", "subjectAltName=IP:127.0.0.1"]
    const newKey = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    const out = ["-keyout", files[0], "-out", files[1]]
    expect(Bun.spawnSync(["openssl", ...newKey, ...out, ...subject]).exitCode).toBe(0)
    const [key = "", cert = ""] = files.map((file) => readFileSync(file, "utf8"))
    server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      tls: { key, cert },
      fetch: () => new Response("safe"),
    })
    const fetched = async (env: Record<string, string>): Promise<string> => {
      const { stdout } = fetchElsewhere(`${server?.url.href ?? ""}file`, {}, { env })
      return await new Response(stdout).text()
    }
    expect(await fetched({})).toContain("cannot be reached: ")
    expect(names()).toEqual([])
    expect(await fetched({ SSL_CERT_DIR: `${place.root}/authorities` })).toBe('{"ok":true}\n')
    expect(read("file")).toBe("safe")
  })

  test("with the password of the URL, which neither other servers nor messages get", async () => {
    const other = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: ({ headers }) => new Response(`other: ${headers.get("authorization")}`),
    })
    const base = serve(({ url, headers }) => {
      const { pathname } = new URL(url)
      if (pathname === "/away") return Response.redirect(`http://127.0.0.1:${other.port}/`)
      if (pathname === "/no") return new Response("", { status: 401 })
      return new Response(headers.get("authorization"))
    })
    const withPassword = base.replace("//", "//me:s%3Acret@")
    expect(await fetchAll(`${withPassword}/own`, `${withPassword}/away`)).toBe("")
    expect(read("own")).toBe(`Basic ${btoa("me:s:cret")}`)
    expect(read("away")).toBe("other: null")
    const message = await fetchAll(`${withPassword}/no`)
    expect(message).toContain("//me:***@")
    expect(message).not.toContain("cret")
    await other.stop(true)
  })

  testWith(rootUser)("fails clearly when the disk is full, and leaves nothing", async () => {
    Bun.spawnSync(["mount", "-t", "tmpfs", "-o", "size=64k", "none", sandbox])
    try {
      const base = serve(() => new Response("x".repeat(200_000)))
      expect(await fetchAll(`${base}/file`)).toContain("the disk is full (ENOSPC): free space")
      expect(names()).toEqual([])
    } finally {
      Bun.spawnSync(["umount", "-l", sandbox])
    }
  })

  test("gives up on a server that stalls, and when told to", async () => {
    const base = serve(
      () =>
        new Response(
          new ReadableStream({
            start: (controller) => controller.enqueue(new TextEncoder().encode("begin")),
          }),
        ),
    )
    fetcher = open({ stallTimeoutMs: 100 })
    expect(await fetchAll(`${base}/x`)).toContain("no data came for 0.1 s")
    const abort = new AbortController()
    const running = open().fetch({ uris: [{ value: `${base}/x` }], sandbox, signal: abort.signal })
    await until(() => names().length > 0)
    abort.abort()
    expect(await running).toMatchObject({ ok: false })
    expect(names()).toEqual([])
  })
})

describe("checksums", () => {
  const sha = (algorithm: "sha256" | "sha512", text: string): string =>
    new Bun.CryptoHasher(algorithm).update(text).digest("hex")

  test("let pass what they were made of, and nothing else", async () => {
    writeFileSync(`${source}/a`, "content")
    expect(await fetchAll(`a#sha256=${sha("sha256", "content")}`)).toBe("")
    expect(await fetchAll(`file://${source}/a#sha512=${sha("sha512", "content")}`)).toBe("")
    expect(names()).toEqual(["a"])
    const wrong = sha("sha256", "other")
    expect(await fetchAll({ value: `a#sha256=${wrong}`, outputFile: "b" })).toContain(
      `its sha256 is ${sha("sha256", "content")}, not ${wrong}`,
    )
    expect(await fetchAll("a#sha256=12")).toContain("must be #sha256= and 64 hexadecimal digits")
    expect(names()).toEqual(["a"])
  })

  test("keep what is wrong out of the cache, and are not sent to the server", async () => {
    let content = "tampered"
    const asked: string[] = []
    const base = serve(({ url }) => {
      asked.push(new URL(url).pathname)
      return new Response(content)
    })
    const uri = { value: `${base}/file#sha256=${sha("sha256", "good")}`, cache: true }
    expect(await fetchAll(uri)).toContain("the file was changed")
    content = "good"
    expect(await fetchAll(uri, uri)).toBe("")
    expect(asked).toEqual(["/file", "/file"])
    expect(read("file")).toBe("good")
  })
})

describe("programs", () => {
  const hadoopHome = (): string => `${place.root}/hadoop`
  function installHadoop(script: string): void {
    mkdirSync(`${hadoopHome()}/bin`, { recursive: true })
    writeFileSync(`${hadoopHome()}/bin/hadoop`, `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  }

  test("fetch from HDFS, and say what is missing or went wrong", async () => {
    fetcher = open({ hadoopHome: hadoopHome() })
    expect(await fetchAll("hdfs://name/dir/file")).toContain(
      "name its directory with --hadoop_home",
    )
    installHadoop('[ "$1 $2" = "fs -cat" ] && echo "from $3"')
    expect(await fetchAll("hdfs://name/dir/file")).toBe("")
    expect(read("file")).toBe("from hdfs://name/dir/file\n")
    installHadoop("echo half; echo 'No such file' >&2; exit 1")
    expect(await fetchAll("hdfs://name/other")).toContain("hadoop: No such file")
    expect(names()).toEqual(["file"])
  })

  testWith(command("setpriv"))("end with their agent, even when that is killed", async () => {
    installHadoop(`echo $$ >${place.root}/pid; exec sleep 60`)
    const agent = fetchElsewhere("hdfs://name/file", { hadoopHome: hadoopHome() })
    await until(() => existsSync(`${place.root}/pid`) && statSync(`${place.root}/pid`).size > 1)
    const pid = readFileSync(`${place.root}/pid`, "utf8").trim()
    const isAlive = (): boolean => {
      const status = `/proc/${pid}/status`
      return existsSync(status) && !/^State:\s+Z/m.test(readFileSync(status, "utf8"))
    }
    expect(isAlive()).toBe(true)
    agent.kill("SIGKILL")
    await agent.exited
    await until(() => !isAlive())
  })

  test("are given up when they stall", async () => {
    installHadoop("echo half; exec sleep 60")
    fetcher = open({ hadoopHome: hadoopHome(), stallTimeoutMs: 100 })
    expect(await fetchAll("hdfs://name/file")).toContain("no data came for 0.1 s")
    expect(names()).toEqual([])
  })
})

describe("archives", () => {
  const fill = (directory: string): void => {
    mkdirSync(`${directory}/dir`)
    writeFileSync(`${directory}/dir/file`, "inside")
    writeFileSync(`${directory}/tool`, "#!/bin/sh", { mode: 0o755 })
    symlinkSync("../dir/file", `${directory}/dir/link`)
    linkSync(`${directory}/tool`, `${directory}/twin`)
  }

  test("are unpacked beside what is there, and stay", async () => {
    const plain = pack("a.tar", fill)
    for (const [program, suffix] of [
      ["gzip", "gz"],
      ["bzip2", "bz2"],
      ["xz", "xz"],
    ] as const) {
      if (Bun.which(program) === null) continue
      const { stdout } = Bun.spawnSync([program, "-c", plain])
      writeFileSync(`${source}/a.tar.${suffix}`, stdout)
      mkdirSync(`${sandbox}/dir`, { recursive: true })
      writeFileSync(`${sandbox}/dir/other`, "kept")
      expect(await fetchAll(`a.tar.${suffix}`)).toBe("")
      expect(read("dir/file") + read("dir/link") + read("dir/other")).toBe("insideinsidekept")
      expect(statSync(`${sandbox}/tool`).mode & 0o777).toBe(0o755)
      expect(existsSync(`${sandbox}/a.tar.${suffix}`)).toBe(true)
    }
    expect(names().filter((name) => name.startsWith("."))).toEqual([])
  })

  testWith(command("unshare"), rootUser)(
    "with directories that may not be written are moved by agents without root, too",
    async () => {
      const archive = pack("locked.tar", (directory) => {
        mkdirSync(`${directory}/cache/inner`, { recursive: true })
        writeFileSync(`${directory}/cache/inner/file`, "kept")
        chmodSync(`${directory}/cache/inner`, 0o555)
        chmodSync(`${directory}/cache`, 0o555)
      })
      // Our own files, under another name: that of a user who is not root.
      const before = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]
      const { stdout } = fetchElsewhere(archive, {}, { before })
      expect(await new Response(stdout).text()).toBe('{"ok":true}\n')
      expect(read("cache/inner/file")).toBe("kept")
      expect(statSync(`${sandbox}/cache`).mode & 0o777).toBe(0o555)
      expect(names()).toEqual(["cache", "locked.tar"])
    },
  )

  test("stay packed when told so", async () => {
    pack("a.tar", fill)
    expect(await fetchAll({ value: "a.tar", extract: false })).toBe("")
    expect(names()).toEqual(["a.tar"])
  })

  testWith(rootUser)("belong to the task's user", async () => {
    pack("a.tar", fill)
    chmodSync(place.root, 0o755)
    const { signal } = new AbortController()
    const uris = [{ value: "a.tar" }]
    expect(await fetcher.fetch({ uris, sandbox, user: "nobody", signal })).toMatchObject({
      ok: true,
    })
    expect(statSync(`${sandbox}/dir/file`).uid).toBe(65534)
  })

  testWith(command("unzip"))("of zip are refused when a member lies outside", async () => {
    writeFileSync(`${source}/good.zip`, zipOf("dir/file", "x"))
    writeFileSync(`${source}/bad.zip`, zipOf("../outside", "x"))
    expect(await fetchAll("good.zip")).toBe("")
    expect(read("dir/file")).toBe("x")
    expect(await fetchAll("bad.zip")).toContain("'../outside' would lie outside")
    expect(existsSync(`${place.root}/outside`)).toBe(false)
  })

  test("are refused whole when a member lies outside", async () => {
    writeFileSync(`${place.root}/victim`, "precious")
    const good = (directory: string): void => writeFileSync(`${directory}/good`, "good")
    const absolute = pack("absolute.tar", good, [`${place.root}/victim`])
    const parent = pack("parent.tar", good, ["../victim"])
    const cases: [string, string][] = [
      [absolute, `'${place.root}/victim' would lie outside the sandbox`],
      [parent, "'../victim' would lie outside the sandbox"],
    ]
    for (const [archive, problem] of cases) {
      expect(await fetchAll(archive)).toContain(problem)
      expect(existsSync(`${sandbox}/good`)).toBe(false)
    }
    expect(readFileSync(`${place.root}/victim`, "utf8")).toBe("precious")
  })

  test("keep links to anywhere, as virtual environments have them, which no later one follows", async () => {
    const outside = `${place.root}/outside`
    mkdirSync(outside)
    const links = pack("venv.tar", (directory) => {
      symlinkSync("/usr/bin/python3", `${directory}/python`)
      symlinkSync(outside, `${directory}/door`)
      symlinkSync(`${outside}/planted`, `${directory}/file`)
      symlinkSync("../../..", `${directory}/up`)
    })
    expect(await fetchAll(links)).toBe("")
    const targets = ["python", "door", "file", "up"].map((name) =>
      readlinkSync(`${sandbox}/${name}`),
    )
    expect(targets).toEqual(["/usr/bin/python3", outside, `${outside}/planted`, "../../.."])
    writeFileSync(`${source}/file`, "mine")
    expect(await fetchAll("file")).toBe("")
    expect(await fetchAll({ value: "file", outputFile: "door/planted" })).toContain(
      "'door' is a link",
    )
    const through = pack("door.tar", (directory) => {
      mkdirSync(`${directory}/door`)
      writeFileSync(`${directory}/door/planted`, "planted")
    })
    expect(await fetchAll(through)).toBe("")
    expect(read("door/planted") + read("file")).toBe("plantedmine")
    expect(readdirSync(outside)).toEqual([])
  })

  test("are told to be packed by their content, as names are wrong", async () => {
    const plain = readFileSync(pack("plain.tgz", fill))
    writeFileSync(`${source}/packed.tar.xz`, gzipSync(plain))
    expect(await fetchAll("plain.tgz")).toBe("")
    rmSync(`${sandbox}/dir`, { recursive: true })
    expect(await fetchAll("packed.tar.xz")).toBe("")
    expect(read("dir/file")).toBe("inside")
  })

  test("cannot write through a link that they bring themselves", async () => {
    const directory = `${place.root}/two`
    mkdirSync(directory)
    symlinkSync(place.root, `${directory}/door`)
    const archive = pack("door.tar", (made) => symlinkSync(place.root, `${made}/door`), ["door"])
    const inner = `${place.root}/inner`
    mkdirSync(`${inner}/door`, { recursive: true })
    writeFileSync(`${inner}/door/planted`, "planted")
    Bun.spawnSync(["tar", "-C", inner, "-rf", archive, "door/planted"])
    await fetchAll(archive)
    expect(existsSync(`${place.root}/planted`)).toBe(false)
  })

  testWith(rootUser)("cannot bring device nodes", async () => {
    const archive = pack("node.tar", (directory) => {
      Bun.spawnSync(["mknod", `${directory}/null`, "c", "1", "3"])
    })
    expect(await fetchAll(archive)).toContain("'null' is no ordinary file")
    expect(existsSync(`${sandbox}/null`)).toBe(false)
  })

  test("that are damaged are told from missing ones", async () => {
    writeFileSync(`${source}/a.tar.gz`, "no archive")
    expect(await fetchAll("a.tar.gz")).toMatch(
      /failed: it cannot be unpacked: .*not look like a tar archive/s,
    )
  })
})

describe("the cache", () => {
  test("downloads once for tasks that ask at the same time, and afterwards", async () => {
    let requests = 0
    const base = serve(async () => {
      requests++
      await Bun.sleep(20)
      return new Response("shared")
    })
    const uri = { value: `${base}/file`, cache: true }
    expect(await Promise.all([fetchAll(uri), fetchAll(uri), fetchAll(uri)])).toEqual(["", "", ""])
    expect(await fetchAll(uri)).toBe("")
    expect(requests).toBe(1)
    expect(read("file")).toBe("shared")
    fetcher = open()
    expect(await fetchAll(uri)).toBe("")
    expect(requests).toBe(2)
  })

  test("is emptied when the agent starts", async () => {
    await until(() => existsSync(`${place.root}/cache`))
    writeFileSync(`${place.root}/cache/0`, "of an earlier agent")
    fetcher = open()
    await until(() => !existsSync(`${place.root}/cache/0`))
  })

  test("does not remember a failure", async () => {
    let status = 500
    const base = serve(() => new Response("x", { status }))
    const uri = { value: `${base}/file`, cache: true }
    expect(await fetchAll(uri)).toContain("answered 500")
    status = 200
    expect(await fetchAll(uri)).toBe("")
  })

  test("gives up the least recently used, and what is too large goes past it", async () => {
    const asked: string[] = []
    const base = serve(({ url }) => {
      const { pathname } = new URL(url)
      asked.push(pathname)
      return new Response("x".repeat(pathname === "/large" ? 20 : 4))
    })
    fetcher = open({ cacheBytes: 10 })
    const ask = (name: string) => fetchAll({ value: `${base}/${name}`, cache: true })
    for (const name of ["a", "b", "a", "c", "a", "b", "large"]) expect(await ask(name)).toBe("")
    expect(asked).toEqual(["/a", "/b", "/c", "/b", "/large", "/large"])
    expect(read("large")).toHaveLength(20)
  })

  test("ends a download with the last who waits for it", async () => {
    let gone = false
    let requests = 0
    const base = serve(({ signal }) => {
      requests++
      signal.addEventListener("abort", () => (gone = true))
      return new Response(new ReadableStream({ start: (it) => it.enqueue(new Uint8Array(9)) }))
    })
    const uris = [{ value: `${base}/file`, cache: true }]
    const [first, second] = [new AbortController(), new AbortController()]
    const ends = [first, second].map(({ signal }) => fetcher.fetch({ uris, sandbox, signal }))
    await until(() => requests === 1)
    first.abort()
    expect(await ends[0]).toMatchObject({ ok: false })
    expect(gone).toBe(false)
    second.abort()
    expect(await ends[1]).toMatchObject({ ok: false })
    await until(() => gone)
    expect(requests).toBe(1)
    await until(() => readdirSync(`${place.root}/cache`).length === 0)
  })

  test("never grows beyond its limit, whether or not a server tells sizes", async () => {
    const base = serve(({ url }) => {
      const text = "x".repeat(6)
      if (new URL(url).searchParams.has("told")) return new Response(text)
      return new Response(new Blob([text]).stream())
    })
    fetcher = open({ cacheBytes: 10 })
    for (const name of ["a", "b?told", "c", "d?told"]) {
      expect(await fetchAll({ value: `${base}/${name}`, cache: true })).toBe("")
      await until(() => readdirSync(`${place.root}/cache`).length === 1)
    }
  })

  test("leaves no archive in the sandbox", async () => {
    pack("a.tar", (directory) => writeFileSync(`${directory}/file`, "content"))
    expect(await fetchAll({ value: "a.tar", cache: true })).toBe("")
    expect(names()).toEqual(["file"])
  })
})
