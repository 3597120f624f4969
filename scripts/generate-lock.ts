/**
 * Completes package-lock.json: npm leaves out the optional packages of other platforms when the
 * registry it asked (a mirror, say) does not have them, and `npm ci` then refuses the file everywhere.
 * With `--check` it changes nothing and fails when one is missing.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "./shell.ts"

/** What package-lock.json says of one package. */
export type Locked = {
  readonly version?: string
  readonly dev?: boolean
  readonly optional?: boolean
  readonly os?: readonly string[]
  readonly cpu?: readonly string[]
  readonly libc?: readonly string[]
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

/** The packages of a lock file by path ("" is the repository itself). */
export type Packages = Readonly<Record<string, Locked>>

const systems = [
  "aix",
  "android",
  "darwin",
  "freebsd",
  "linux",
  "netbsd",
  "openbsd",
  "openharmony",
  "sunos",
  "win32",
]
const processors = ["arm", "arm64", "ia32", "loong64", "ppc64", "riscv64", "s390x", "x64"]
const libraries: Readonly<Record<string, string>> = {
  gnu: "glibc",
  gnueabihf: "glibc",
  musl: "musl",
  musleabihf: "musl",
}

/** The platform that a package is for, as its name tells: "@x/binding-linux-arm64-musl". */
export function platformOf(name: string): Pick<Locked, "os" | "cpu" | "libc"> | undefined {
  const words = (name.split("/").at(-1) ?? "").split("-")
  const os = words.find((word) => systems.includes(word))
  const cpu = words.find((word) => processors.includes(word))
  if (os === undefined || cpu === undefined) return undefined
  const library = os === "linux" ? libraries[words.at(-1) ?? ""] : undefined
  return { os: [os], cpu: [cpu], ...(library === undefined ? {} : { libc: [library] }) }
}

/** The entries that are missing, by path; only packages whose name tells their platform are added. */
export function missingPackages(packages: Packages): Record<string, Locked> {
  const missing: Record<string, Locked> = {}
  for (const { dev, optionalDependencies = {} } of Object.values(packages))
    for (const [name, version] of Object.entries(optionalDependencies)) {
      const path = `node_modules/${name}`
      const platform = platformOf(name)
      if (packages[path] !== undefined || platform === undefined || !/^\d/.test(version)) continue
      missing[path] = { version, ...platform, ...(dev ? { dev } : {}), optional: true }
    }
  return missing
}

if (import.meta.main) {
  const path = join(root, "package-lock.json")
  const lock = JSON.parse(readFileSync(path, "utf8")) as { packages: Packages }
  const missing = missingPackages(lock.packages)
  const names = Object.keys(missing)
  if (process.argv.includes("--check")) {
    for (const name of names) console.error(`package-lock.json lacks ${name}; run npm run generate`)
    process.exit(names.length === 0 ? 0 : 1)
  }
  const all = Object.entries({ ...lock.packages, ...missing })
  const packages = Object.fromEntries(all.sort(([a], [b]) => (a < b ? -1 : 1)))
  if (names.length > 0) writeFileSync(path, `${JSON.stringify({ ...lock, packages }, null, 2)}\n`)
}
