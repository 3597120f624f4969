// What every npm script calls: `node scripts/run.mjs VERB [ARGUMENT...]` runs scripts/VERB.ts with Bun.
// Plain Node 20 without packages, because it also installs them: on first use, and whenever
// package-lock.json names something else than what is installed.
import { spawn, spawnSync } from "node:child_process"
import { existsSync, lstatSync, readFileSync } from "node:fs"
import { constants } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const root = join(dirname(fileURLToPath(import.meta.url)), "..")
const modules = join(root, "node_modules")
const bun = join(modules, ".bin", process.platform === "win32" ? "bun.exe" : "bun")

function stop(message) {
  console.error(`dcos: ${message}`)
  process.exit(1)
}

/** The packages a lock file lists, as lines of path and version; empty when there is no such file. */
function lockedPackages(path) {
  if (!existsSync(path)) return new Map()
  const { packages } = JSON.parse(readFileSync(path, "utf8"))
  return new Map(Object.entries(packages).filter(([name]) => name !== ""))
}

/** Whether all that package-lock.json asks for is there; what is for other platforms may be missing. */
function installed() {
  const present = lockedPackages(join(modules, ".package-lock.json"))
  for (const [path, { version, optional }] of lockedPackages(join(root, "package-lock.json"))) {
    const found = present.get(path)
    if (found === undefined ? !optional : found.version !== version) return false
  }
  return present.size > 0
}

/** Packages run no scripts of their own here, but for Bun's, which puts its binary in place. */
function install() {
  if (lstatSync(modules, { throwIfNoEntry: false })?.isSymbolicLink())
    stop("node_modules is a link, and npm ci would empty the folder it leads to: install there.")
  console.error("dcos: installing the development tools with npm ci (once, under a minute) ...")
  const { status, stdout, stderr, error } = spawnSync(
    "npm",
    ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
    { cwd: root, encoding: "utf8", shell: process.platform === "win32" },
  )
  if (status === 0) return
  const said = `${stdout ?? ""}${stderr ?? ""}`.trim().split("\n").slice(0, 20).join("\n")
  stop(
    `npm ci failed: ${error ? error.message : said}\n` +
      "dcos: it needs npm, a registry it can reach, and a package-lock.json that fits package.json.",
  )
}

const bunRuns = () => spawnSync(bun, ["--version"], { stdio: "ignore" }).status === 0

const [verb, ...rest] = process.argv.slice(2)
const script = join(root, "scripts", `${verb}.ts`)
if (Number(process.versions.node.split(".")[0]) < 20)
  stop(`Node ${process.versions.node} is too old; 20 or newer is needed.`)
if (!/^[a-z]+$/.test(verb ?? "") || !existsSync(script))
  stop(`no such script: ${verb ?? "(none)"}. \`npm run\` lists them.`)
if (!installed()) install()
if (!bunRuns()) {
  spawnSync(process.execPath, ["install.js"], { cwd: join(modules, "bun"), stdio: "ignore" })
  if (!bunRuns())
    stop(
      `Bun does not run on this machine (${process.platform} ${process.arch}): ${bun} is missing or does` +
        " not start. Remove node_modules and try again; npm must not be told to omit optional packages.",
    )
}

const child = spawn(bun, [script, ...rest.filter((argument, i) => i > 0 || argument !== "--")], {
  cwd: root,
  stdio: "inherit",
})
// Ctrl-C on a terminal reaches the child by itself; every other signal is passed on. It decides when it
// is done.
const interactive = process.stdin.isTTY === true
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
  process.on(signal, () => (signal === "SIGINT" && interactive) || child.kill(signal))
child.on("error", (error) => stop(`cannot start ${bun}: ${error.message}`))
child.on("exit", (code, signal) => {
  process.exitCode = code ?? 128 + (constants.signals[signal ?? "SIGTERM"] ?? 0)
})
