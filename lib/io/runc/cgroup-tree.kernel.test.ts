/** The cgroups of version 2 as the kernel has them; fake ones cannot kill. */
import { afterEach, expect } from "bun:test"
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs"
import { until } from "#lib/io/testing/containers.ts"
import type { ContainerId } from "#lib/ports/index.ts"
import { rootUser, testWith } from "../../../test/fixtures/system-parts.ts"
import { CgroupTree } from "./cgroup-tree.ts"

const NAME = `dcos-test-unified-${process.pid}`

/** Where version 2 is mounted, beside version 1 as a rule; its controllers may all be with that one. */
const mount = /^\S+ (\S+) cgroup2 /m.exec(readFileSync("/proc/mounts", "utf8"))?.[1] ?? ""
const unified = { name: "cgroups 2", missing: mount === "" ? "no cgroup2 is mounted" : undefined }

const id = (text: string): ContainerId => text as ContainerId
const children: Bun.Subprocess[] = []

afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL")
  if (existsSync(`${mount}/${NAME}`)) rmdirSync(`${mount}/${NAME}`)
})

/** A process in the group of a container's own, which ignores what asks it to end. */
function inside(tree: CgroupTree, containerId: ContainerId): Bun.Subprocess {
  const child = Bun.spawn(["sh", "-c", "trap '' TERM; sleep 60 & wait; wait"], {
    stdio: ["ignore", "ignore", "ignore"],
  })
  children.push(child)
  const path = `${mount}${tree.processesPath(containerId)}`
  mkdirSync(path, { recursive: true })
  writeFileSync(`${path}/cgroup.procs`, `${child.pid}`)
  return child
}

testWith(rootUser, unified)("a container's processes are found and killed at once", async () => {
  const tree = new CgroupTree(NAME, mount)
  expect(tree.version).toBe(2)
  const [parent, nested, other] = [id("parent"), id("parent.nested"), id("other")]
  for (const container of [parent, nested, other]) tree.claim(container)
  const [first, second, third] = [parent, nested, other].map((each) => inside(tree, each))
  expect(tree.holds(parent, first?.pid ?? 0)).toBe(true)
  expect(tree.holds(parent, second?.pid ?? 0)).toBe(false)
  await until(() => tree.members(parent).includes(second?.pid ?? 0))
  expect(tree.members(parent, true)).toContain(first?.pid ?? 0)
  expect(tree.members(parent, true)).not.toContain(second?.pid ?? 0)
  expect(tree.remove(parent)).toBe(false)
  expect(await tree.killAll(parent)).toBe(true)
  expect([await first?.exited, await second?.exited].map((code) => code ?? 0)).toEqual([137, 137])
  expect(tree.members(parent)).toEqual([])
  expect(third?.exitCode).toBeNull()
  tree.claim(parent)
  expect(tree.remove(nested)).toBe(true)
  expect(existsSync(`${mount}/${NAME}/parent/${NAME}/nested`)).toBe(false)
  expect(tree.remove(parent)).toBe(true)
  expect(existsSync(`${mount}/${NAME}/parent`)).toBe(false)
  expect(tree.memoryKills(other)).toBe(0)
  expect(await tree.killAll(other)).toBe(true)
  expect(tree.remove(other)).toBe(true)
})
