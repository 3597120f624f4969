import { afterEach, beforeEach, expect, test } from "bun:test"
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const node = Bun.which("node") ?? "node"

let folder = ""

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dcos-run-"))
  mkdirSync(join(folder, "scripts"))
  cpSync(join(import.meta.dir, "run.mjs"), join(folder, "scripts/run.mjs"))
  writeFileSync(join(folder, "scripts/build.ts"), "console.log(process.argv.slice(2).join())\n")
  writeFileSync(join(folder, "package-lock.json"), lock({ version: "1.0.0" }))
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

const lock = (tool: object): string =>
  JSON.stringify({
    packages: {
      "": { name: "dcos" },
      "node_modules/tool": tool,
      "node_modules/other-platform": { version: "1.0.0", optional: true },
    },
  })

/** Puts Bun where npm would, and says that this version of the tool is installed. */
function install(version: string): void {
  const bin = join(folder, "node_modules/.bin")
  mkdirSync(bin, { recursive: true })
  writeFileSync(join(bin, "bun"), `#!/bin/sh\nexec "${process.execPath}" "$@"\n`, { mode: 0o755 })
  const packages = { "node_modules/tool": { version } }
  writeFileSync(join(folder, "node_modules/.package-lock.json"), JSON.stringify({ packages }))
}

/** Runs the entry as npm does, on a machine without npm. */
function run(...args: string[]): { code: number; out: string; err: string } {
  const command = [node, join(folder, "scripts/run.mjs"), ...args]
  const { exitCode, stdout, stderr } = Bun.spawnSync(command, { env: { PATH: "/nonexistent" } })
  return { code: exitCode, out: stdout.toString(), err: stderr.toString() }
}

test("runs the verb with its arguments, quietly, when all is installed", () => {
  install("1.0.0")
  expect(run("build", "--force", "x y")).toEqual({ code: 0, out: "--force,x y\n", err: "" })
})

test("does not let npm empty a folder that node_modules only leads to", () => {
  mkdirSync(join(folder, "shared"))
  symlinkSync(join(folder, "shared"), join(folder, "node_modules"))
  expect(run("build").err).toContain("node_modules is a link")
})

test("passes the exit code on", () => {
  install("1.0.0")
  writeFileSync(join(folder, "scripts/build.ts"), "process.exit(7)\n")
  expect(run("build").code).toBe(7)
})

test.each(["nothing", "an older tool"])(
  "installs when there is %s, and says why it cannot",
  (what) => {
    if (what === "an older tool") install("0.9.0")
    const { code, out, err } = run("build")
    expect({ code, out }).toEqual({ code: 1, out: "" })
    expect(err).toContain("installing the development tools")
    expect(err).toContain("npm ci failed: spawnSync npm ENOENT")
  },
)

test.each(["nonsense", "../build", ""])("refuses the verb %j before it does anything", (verb) => {
  const { code, err } = run(verb)
  expect(code).toBe(1)
  expect(err).toContain("no such script")
  expect(err).not.toContain("installing")
})

test("says what is wrong when Bun does not start", () => {
  install("1.0.0")
  writeFileSync(join(folder, "node_modules/.bin/bun"), "#!/bin/false\n", { mode: 0o755 })
  const { code, err } = run("build")
  expect(code).toBe(1)
  expect(err).toContain("Bun does not run on this machine")
})

test.each(["SIGINT", "SIGTERM"] as const)(
  "passes %s on and waits until the verb is done",
  async (signal) => {
    install("1.0.0")
    writeFileSync(
      join(folder, "scripts/build.ts"),
      `process.on("${signal}", () => { console.log("tidied up"); process.exit(3) })
     setTimeout(() => {}, 60_000)
     console.log("ready")`,
    )
    const child = Bun.spawn([node, join(folder, "scripts/run.mjs"), "build"], {
      stdin: "ignore",
      stdout: "pipe",
    })
    let out = ""
    for await (const chunk of child.stdout) {
      const first = out === ""
      out += new TextDecoder().decode(chunk)
      if (first) child.kill(signal)
    }
    expect([out, await child.exited]).toEqual(["ready\ntidied up\n", 3])
  },
)
