import { afterAll, describe, expect, test } from "bun:test"
import { mkdtempSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { command, testWith } from "../../test/fixtures/system-parts.ts"
import { createTerminal } from "./terminal.ts"

const folder = mkdtempSync(join(tmpdir(), "terminal-"))
afterAll(() => rmSync(folder, { recursive: true }))

const { files } = createTerminal("1")

describe("files", () => {
  test("are written whole, with their mode, and the folders above are made", async () => {
    const path = join(folder, "a/b/dcos.toml")
    await files.writeText(path, "one", 0o600)
    await files.writeText(path, "two", 0o600)
    expect(await files.readText(path)).toBe("two")
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(await files.list(join(folder, "a/b"))).toEqual(["dcos.toml"])
  })

  test("that are missing are no fault", async () => {
    const missing = join(folder, "none")
    expect(await files.readText(missing)).toBeUndefined()
    expect(await files.list(missing)).toEqual([])
    expect(await files.exists(missing)).toBe(false)
    await files.remove(missing)
  })

  test("folders are listed and removed with what they hold", async () => {
    await files.writeText(join(folder, "c/two/x"), "", 0o600)
    await files.writeText(join(folder, "c/one/x"), "", 0o600)
    expect(await files.list(join(folder, "c"))).toEqual(["one", "two"])
    await files.remove(join(folder, "c/one"))
    expect(await files.list(join(folder, "c"))).toEqual(["two"])
  })

  test("bytes are kept as they come", async () => {
    const path = join(folder, "d/bytes")
    const bytes = new Uint8Array([0, 255, 10, 13])
    const chunks = (async function* () {
      yield bytes.slice(0, 2)
      yield bytes.slice(2)
    })()
    await files.writeBytes(path, chunks)
    expect(await Bun.file(path).bytes()).toEqual(bytes)
  })
})

/** The source of a program that has a terminal `t` and ends with 3. */
const programOf = (
  body: string,
) => `import { createTerminal } from ${JSON.stringify(join(import.meta.dir, "terminal.ts"))}
const t = createTerminal("1")
${body}
await t.finish()
process.exit(3)`

const run = (body: string, input = "", env: Record<string, string | undefined> = process.env) =>
  Bun.spawn([process.execPath, "-e", programOf(body)], {
    env,
    stdin: new Blob([input]),
    stdout: "pipe",
    stderr: "pipe",
  })

describe("a process", () => {
  test("reads lines, and the rest at once", async () => {
    const child = run(
      "t.stdout.write(JSON.stringify([await t.stdin.readLine(), await t.stdin.readLine(), await t.stdin.readAll(), await t.stdin.readLine() ?? null]))",
      "one\r\ntwö\nthree\nfour",
    )
    expect(JSON.parse(await child.stdout.text())).toEqual(["one", "twö", "three\nfour", null])
    expect(await child.exited).toBe(3)
  })

  test("writes all of a long text to a pipe before it ends", async () => {
    const child = run('for (let i = 0; i < 40; i++) t.stdout.write("x".repeat(100_000))')
    expect((await child.stdout.text()).length).toBe(4_000_000)
    expect(await child.exited).toBe(3)
  })

  test.each([
    ["a long text", 't.stdout.write("x".repeat(100_000))'],
    ["a line now and then", 't.stdout.write("xxxxx\\n"); await Bun.sleep(10)'],
  ])("ends quietly when nobody reads any more: %s", async (_, write) => {
    const program = programOf(`for (let i = 0; i < 40; i++) { ${write} }`)
    const line = 'set -o pipefail; "$0" -e "$1" | head -c 5'
    const shell = Bun.spawn(["bash", "-c", line, process.execPath, program], { stderr: "pipe" })
    expect(await shell.stdout.text()).toBe("xxxxx")
    expect(await shell.stderr.text()).toBe("")
    expect(await shell.exited).toBe(141)
  })

  test("hears of a signal wherever it waits", async () => {
    const child = run(
      't.stdout.write("ready"); await t.sleep(60_000).catch((error) => t.stdout.write(" " + error.message))',
    )
    const reader = child.stdout.getReader()
    const decoder = new TextDecoder()
    expect(decoder.decode((await reader.read()).value)).toBe("ready")
    child.kill("SIGINT")
    expect(decoder.decode((await reader.read()).value)).toBe(" interrupted")
    expect(await child.exited).toBe(3)
  })
})

testWith(command("openssl"))("trusts whom the system trusts, over https", async () => {
  const [key, cert] = [join(folder, "key.pem"), join(folder, "authorities/cert.pem")]
  await files.writeText(cert, "", 0o600)
  const subject = ["-subj", "/CN=cluster", "-addext", "subjectAltName=IP:127.0.0.1"]
  const newKey = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
  const made = Bun.spawnSync(["openssl", ...newKey, ...subject, "-keyout", key, "-out", cert])
  expect(made.exitCode).toBe(0)
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    tls: { key: Bun.file(key), cert: Bun.file(cert) },
    fetch: () => new Response("pong"),
  })
  const body = `t.stdout.write(await (await t.fetch(${JSON.stringify(server.url.href)}, {})).text())`
  const asked = async (env: Record<string, string>): Promise<string> =>
    await new Response(run(body, "", env).stdout).text()
  expect(await asked({})).toBe("")
  expect(await asked({ SSL_CERT_DIR: join(folder, "authorities") })).toBe("pong")
  await server.stop(true)
})
