import { existsSync, readFileSync } from "node:fs"

/** What the controllers of version 1 that containers are accounted by are called in version 2. */
const VERSION_TWO: Readonly<Record<string, string | undefined>> = {
  blkio: "io",
  cpuset: "cpuset",
  hugetlb: "hugetlb",
}

/** Where the machine says what cgroups it has. */
export type ControllerPlaces = { readonly mount: string; readonly list: string }

const PLACES: ControllerPlaces = { mount: "/sys/fs/cgroup", list: "/proc/cgroups" }

/**
 * Why a controller of cgroups, by its name in version 1, cannot be used on this machine, and what to
 * do about it; undefined where it can.
 */
export function controllerProblem(
  name: string,
  { mount, list }: ControllerPlaces = PLACES,
): string | undefined {
  const unified = `${mount}/cgroup.controllers`
  if (existsSync(unified)) {
    const controller = VERSION_TWO[name]
    if (controller === undefined) return `cgroups of version 2 have no controller ${name}`
    return readFileSync(unified, "utf8").trim().split(/\s+/).includes(controller)
      ? undefined
      : `the kernel does not offer the controller ${controller}`
  }
  if (existsSync(`${mount}/${name}/cgroup.procs`)) return undefined
  const known = existsSync(list) && new RegExp(`^${name}\\s`, "m").test(readFileSync(list, "utf8"))
  return known
    ? `its cgroups are not mounted: mkdir -p ${mount}/${name} && mount -t cgroup -o ${name} ${name} ${mount}/${name}`
    : `the kernel has no controller ${name}`
}

/** Why memory and swap cannot be limited together; undefined where they can. */
export function swapProblem({ mount }: ControllerPlaces = PLACES): string | undefined {
  // In version 2 every group but the root has the file where there is swap to count.
  if (existsSync(`${mount}/cgroup.controllers`)) return undefined
  return existsSync(`${mount}/memory/memory.memsw.limit_in_bytes`)
    ? undefined
    : "the kernel does not count swap: start it with swapaccount=1"
}
