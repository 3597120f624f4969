/**
 * `npm run build`: compiles cmd/main.ts and all it needs into dist/dcos, unless that was made from
 * the same sources already; `-- --force` builds in any case. Tests, demo and bench call it too.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { BunPlugin } from "bun"
import { capture, root, seconds } from "./shell.ts"

const executable = join(root, "dist/dcos")
const stamp = join(root, "dist/dcos.sources")

/** All that goes into the executable; tests do not. */
const sources = [
  "cmd/**/*",
  "lib/**/*",
  "packages-catalog/**/*",
  "completions/**/*",
  "package.json",
  "package-lock.json",
  "scripts/build.ts",
]

/**
 * Leaves out what Docker's client loads for daemons behind SSH and for sessions of BuildKit, which we
 * never use: 9 MiB of an agent's memory, and addons in C that exist only where npm ran the packages'
 * own scripts. What speaks protobuf to schedulers is `protobufjs/light.js`, which stays, as does gRPC
 * for those who import it themselves; of that only what describes itself to debuggers goes.
 */
const unusedPackages: BunPlugin = {
  name: "unused packages",
  setup(build) {
    const namespace = "unused"
    build.onResolve(
      { filter: /^(@grpc\/grpc-js|@grpc\/proto-loader|protobufjs|ssh2)$/ },
      ({ path, importer }) =>
        path === "@grpc/grpc-js" && !/\/node_modules\/docker/.test(importer)
          ? undefined
          : { path, namespace },
    )
    build.onLoad({ filter: /./, namespace }, () => ({
      contents: "module.exports = {}",
      loader: "js",
    }))
  },
}

/** The commit that is built, with "+" when files differ from it; "unknown" outside of git. */
async function commit(): Promise<string> {
  if (Bun.which("git") === null) return "unknown"
  const head = await capture(["git", "rev-parse", "--short=12", "HEAD"])
  if (head.code !== 0) return "unknown"
  const changes = await capture([
    "git",
    "status",
    "--porcelain",
    "--",
    "cmd",
    "lib",
    "package.json",
  ])
  return `${head.output}${changes.output === "" ? "" : "+"}`
}

function fingerprint(revision: string): string {
  const hash = new Bun.CryptoHasher("sha256")
  const files = sources.flatMap((pattern) => [
    ...new Bun.Glob(pattern).scanSync({ cwd: root, dot: true }),
  ])
  for (const file of files.filter((name) => !/\.test\.tsx?$/.test(name)).sort())
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update("\0")
  return hash.update(`${Bun.version} ${revision}`).digest("hex")
}

/** Builds the executable if it is missing or stale, and returns its path. Throws when it cannot. */
export async function buildExecutable(options: { readonly force?: boolean } = {}): Promise<string> {
  const revision = await commit()
  const wanted = fingerprint(revision)
  const current = existsSync(executable) && existsSync(stamp) ? readFileSync(stamp, "utf8") : ""
  if (current === wanted && options.force !== true) return executable

  const start = performance.now()
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    version: string
  }
  // Built beside its place and renamed, so that whoever runs the old one keeps it whole.
  const folder = join(root, `dist/new-${process.pid}`)
  const fresh = join(folder, "dcos")
  mkdirSync(folder, { recursive: true })
  const result = await Bun.build({
    entrypoints: [join(root, "cmd/main.ts")],
    plugins: [unusedPackages],
    compile: { outfile: fresh, autoloadDotenv: false, autoloadBunfig: false },
    // Parsed at build time, and in pieces of which a command loads only its own: in one piece every
    // start also pays for what servers import. `dcos --version` takes 10 ms; without pieces 21, and
    // without either 99 (when this was written).
    bytecode: true,
    splitting: true,
    format: "esm",
    minify: true,
    sourcemap: "inline",
    define: { DCOS_VERSION: JSON.stringify(version), DCOS_COMMIT: JSON.stringify(revision) },
    throw: false,
  })
  if (result.success) renameSync(fresh, executable)
  // What is left is a copy of the source map, which the executable has inside.
  rmSync(folder, { recursive: true, force: true })
  if (!result.success)
    throw new Error(`the build failed:\n${result.logs.map((log) => Bun.inspect(log)).join("\n")}`)
  writeFileSync(stamp, wanted)
  const mib = Math.round(Bun.file(executable).size / 2 ** 20)
  // On standard error, as some callers print JSON.
  console.error(
    `built dist/dcos ${version} (${revision}), ${mib} MiB, in ${seconds(performance.now() - start)}`,
  )
  return executable
}

if (import.meta.main)
  try {
    await buildExecutable({ force: process.argv.includes("--force") })
  } catch (cause) {
    console.error(`dcos: ${cause instanceof Error ? cause.message : String(cause)}`)
    process.exit(1)
  }
