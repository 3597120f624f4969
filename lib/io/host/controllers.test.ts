import { expect, test } from "bun:test"
import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { controllerProblem, swapProblem } from "./controllers.ts"

/** A machine whose cgroups are these files. */
async function problemOn(files: Readonly<Record<string, string>>, controller?: string) {
  const root = mkdtempSync(`${tmpdir()}/dcos-controllers-`)
  try {
    mkdirSync(`${root}/cgroup`)
    for (const [path, text] of Object.entries(files)) await Bun.write(`${root}/${path}`, text)
    const places = { mount: `${root}/cgroup`, list: `${root}/list` }
    const problem =
      controller === undefined ? swapProblem(places) : controllerProblem(controller, places)
    return problem?.replaceAll(root, "")
  } finally {
    rmSync(root, { recursive: true })
  }
}

test("in version 1 a controller must be mounted; the remedy is told", async () => {
  const list = "#subsys_name\thierarchy\tnum_cgroups\tenabled\nnet_cls\t0\t1\t1\nblkio\t7\t1\t1\n"
  const files = { list, "cgroup/blkio/cgroup.procs": "" }
  expect(await problemOn(files, "blkio")).toBeUndefined()
  expect(await problemOn(files, "net_cls")).toBe(
    "its cgroups are not mounted: mkdir -p /cgroup/net_cls && mount -t cgroup -o net_cls net_cls /cgroup/net_cls",
  )
  expect(await problemOn(files, "hugetlb")).toBe("the kernel has no controller hugetlb")
})

test("in version 2 it must be offered, under its name there", async () => {
  const files = { "cgroup/cgroup.controllers": "cpuset cpu io memory pids\n" }
  expect(await problemOn(files, "blkio")).toBeUndefined()
  expect(await problemOn(files, "cpuset")).toBeUndefined()
  expect(await problemOn(files, "hugetlb")).toBe("the kernel does not offer the controller hugetlb")
  expect(await problemOn(files, "net_cls")).toBe("cgroups of version 2 have no controller net_cls")
})

test("swap must be counted in version 1", async () => {
  const files = { "cgroup/memory/cgroup.procs": "" }
  expect(await problemOn(files)).toBe("the kernel does not count swap: start it with swapaccount=1")
  const counted = { ...files, "cgroup/memory/memory.memsw.limit_in_bytes": "" }
  expect(await problemOn(counted)).toBeUndefined()
})
