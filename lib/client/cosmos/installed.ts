import type { InstalledPackage, PackageDefinition } from "./types.ts"

/** A package with the apps that run it: what `package list` shows a line for. */
export type InstalledApps = Omit<
  PackageDefinition,
  "config" | "marathon" | "resource" | "command"
> & {
  /** Ids of its apps, in order. */
  readonly apps: readonly string[]
  /** The command it brings, when it brings one. */
  readonly command?: { readonly name: string }
}

/** Installed apps gathered by package and version, in the order of both. */
export function groupByPackage(installed: readonly InstalledPackage[]): readonly InstalledApps[] {
  const groups = new Map<string, InstalledApps>()
  for (const { appId, packageInformation } of installed) {
    const {
      config: _,
      marathon: __,
      resource,
      command: ___,
      ...definition
    } = packageInformation.packageDefinition
    const key = `${definition.name}\n${definition.version}`
    const others = groups.get(key)
    const hasCommand =
      others?.command !== undefined ||
      resource?.cli !== undefined ||
      hasCli(packageInformation.resourceDefinition)
    groups.set(key, {
      ...definition,
      apps: [...(others?.apps ?? []), appId].sort(),
      ...(hasCommand ? { command: { name: definition.name } } : {}),
    })
  }
  return [...groups.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group)
}

const hasCli = (resource: unknown): boolean =>
  typeof resource === "object" && resource !== null && "cli" in resource
