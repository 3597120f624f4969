import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import type { ContainerId } from "#lib/ports/index.ts"
import { CgroupTree } from "./cgroup-tree.ts"

// A directory in place of the kernel's: what it would refuse is not seen here.
let mount: string
beforeEach(() => {
  mount = mkdtempSync(`${tmpdir()}/dcos-cgroups-`)
})
afterEach(() => rmSync(mount, { recursive: true }))

const root = "root" as ContainerId
const child = "root.child" as ContainerId

describe("the cgroups of version 2", () => {
  const open = (): CgroupTree => {
    writeFileSync(`${mount}/cgroup.controllers`, "cpu memory pids\n")
    return new CgroupTree("mesos", mount)
  }

  test("hold processes in leaves, below those of the containers that they are nested in", () => {
    const tree = open()
    expect(tree.version).toBe(2)
    expect(tree.processesPath(root)).toBe("/mesos/root/leaf")
    expect(tree.processesPath(child)).toBe("/mesos/root/mesos/child/leaf")
  })

  test("have their controllers on all the way down", () => {
    open().prepare(child, [])
    for (const path of ["", "/mesos", "/mesos/root", "/mesos/root/mesos"])
      expect(readFileSync(`${mount}${path}/cgroup.subtree_control`, "utf8")).toBe(
        "+cpu +memory +pids",
      )
    expect(existsSync(`${mount}/mesos/root/mesos/child`)).toBe(true)
  })

  test("get the limits that the kernel knows of", () => {
    const place = `${mount}/mesos/root`
    mkdirSync(place, { recursive: true })
    writeFileSync(`${place}/memory.max`, "max")
    open().prepare(root, [
      ["memory.max", "1000"],
      ["pids.max", "5"],
    ])
    expect(readFileSync(`${place}/memory.max`, "utf8")).toBe("1000")
    expect(existsSync(`${place}/pids.max`)).toBe(false)
  })
})

describe("the cgroups of version 1", () => {
  const hierarchies = ["cpu", "memory"]
  const open = (): CgroupTree => {
    for (const name of hierarchies) {
      mkdirSync(`${mount}/${name}`)
      writeFileSync(`${mount}/${name}/cgroup.procs`, "")
    }
    return new CgroupTree("mesos", mount)
  }
  const make = (path: string): void => {
    for (const name of hierarchies) mkdirSync(`${mount}/${name}${path}`, { recursive: true })
  }

  test("hold processes themselves", () => {
    const tree = open()
    expect(tree.version).toBe(1)
    expect(tree.processesPath(child)).toBe("/mesos/root/mesos/child")
  })

  test("are missing where none for memory are mounted", () => {
    expect(new CgroupTree("mesos", mount).problem()).toContain("mount them")
    expect(open().problem()).toBeUndefined()
  })

  test("list the processes of a container with those nested in it, or without", () => {
    const tree = open()
    make("/mesos/root/mesos/child")
    writeFileSync(`${mount}/memory/mesos/root/cgroup.procs`, "10\n11\n")
    writeFileSync(`${mount}/memory/mesos/root/mesos/child/cgroup.procs`, "12\n")
    expect(tree.members(root)).toEqual([10, 11, 12])
    expect(tree.members(root, true)).toEqual([10, 11])
    expect(tree.members(child)).toEqual([12])
  })

  test("count what the kernel has killed for want of memory", () => {
    const tree = open()
    make("/mesos/root")
    expect(tree.memoryKills(root)).toBe(0)
    const control = "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n"
    writeFileSync(`${mount}/memory/mesos/root/memory.oom_control`, control)
    expect(tree.memoryKills(root)).toBe(3)
  })

  test("of a family go with the last of its members", () => {
    const tree = open()
    const other = "root.other" as ContainerId
    make("/mesos/root/mesos/child")
    make("/mesos/root/mesos/other")
    for (const each of [child, other]) tree.claim(each)
    expect(tree.remove(child)).toBe(true)
    expect(existsSync(`${mount}/cpu/mesos/root/mesos/child`)).toBe(false)
    expect(existsSync(`${mount}/cpu/mesos/root`)).toBe(true)
    expect(tree.remove(other)).toBe(true)
    expect(existsSync(`${mount}/cpu/mesos/root`)).toBe(false)
    expect(existsSync(`${mount}/memory/mesos/root`)).toBe(false)
    expect(tree.remove(other)).toBe(true)
  })
})
