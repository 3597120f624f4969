import { describe, expect, test } from "bun:test"
import type { ImageConfig } from "#lib/ports/index.ts"
import { mountsOf } from "./mounts.ts"
import type { MountInput } from "./mounts.ts"

const host: MountInput = {
  root: { kind: "host" },
  sandboxDirectory: "/mnt/mesos/sandbox",
  sandbox: "/work/sandbox",
  mounts: [],
  ownPids: true,
  ownNetwork: false,
  files: [],
}
const image: MountInput = {
  ...host,
  root: {
    kind: "image",
    config: {} as ImageConfig,
    layers: ["../layers/b/fs", "../layers/a/fs"],
    upper: "/roots/1/upper",
    work: "/roots/1/work",
    volumes: [{ source: "/roots/1/volumes/0", target: "/data" }],
  },
  files: [{ source: "/etc/hosts", target: "/etc/hosts", readOnly: true }],
}

const at = (input: MountInput, destination: string) =>
  mountsOf(input).findLast((mount) => mount.destination === destination)

describe("the mounts of a container", () => {
  test("begin with the machine's root, which takes nothing back", () => {
    expect(mountsOf(host)[0]).toMatchObject({ destination: "/", type: "bind", source: "/" })
    expect(mountsOf(host)[0]?.options).toEqual(["rbind", "rslave"])
  })

  test("or with the layers of an image, the uppermost first, below what it writes", () => {
    expect(mountsOf(image)[0]).toMatchObject({
      destination: "/",
      type: "overlay",
      options: [
        "lowerdir=../layers/b/fs:../layers/a/fs",
        "upperdir=/roots/1/upper",
        "workdir=/roots/1/work",
      ],
    })
  })

  test("hold a /proc of its own processes, and a /sys that cannot be written", () => {
    expect(at(host, "/proc")).toMatchObject({ type: "proc" })
    expect(at({ ...host, ownPids: false }, "/proc")).toMatchObject({ type: "bind" })
    expect(at(image, "/sys")?.options).toContain("ro")
    expect(at(host, "/sys")?.options).toContain("ro")
  })

  test("hold a /sys of another network where the container is in one", () => {
    expect(at(host, "/sys")).toMatchObject({ type: "bind" })
    expect(at({ ...host, ownNetwork: true }, "/sys")).toMatchObject({ type: "sysfs" })
  })

  test("hold shared memory of its own, of the size asked for, or the machine's", () => {
    expect(at({ ...host, shmSizeMib: 64 }, "/dev/shm")?.options).toContain("size=64m")
    expect(at({ ...host, shm: "/dev/shm" }, "/dev/shm")).toMatchObject({ source: "/dev/shm" })
  })

  test("bring the sandbox and files of the machine's network into an image", () => {
    expect(at(image, "/mnt/mesos/sandbox")).toMatchObject({ source: "/work/sandbox" })
    expect(at(image, "/etc/hosts")?.options).toContain("ro")
    expect(at(host, "/mnt/mesos/sandbox")).toBeUndefined()
  })

  test("make directories that an image wants to be volumes", () => {
    expect(at(image, "/data")).toMatchObject({ source: "/roots/1/volumes/0" })
  })

  test("end with volumes where the container wants them", () => {
    const volume = { source: "/data", kind: "directory", readOnly: true } as const
    const mounts = [
      { ...volume, target: "in/sandbox" },
      { ...volume, target: "/abs", readOnly: false, propagation: "bidirectional" },
    ] as const
    expect(mountsOf({ ...image, mounts }).slice(-2)).toEqual([
      {
        destination: "/abs",
        type: "bind",
        source: "/data",
        options: ["rbind", "rw", "rshared"],
      },
      {
        destination: "/mnt/mesos/sandbox/in/sandbox",
        type: "bind",
        source: "/data",
        options: ["rbind", "ro", "rprivate"],
      },
    ])
    expect(at({ ...host, mounts }, "/work/sandbox/in/sandbox")).toBeDefined()
  })

  test("of volumes in one another are made from the outside in, else in their order", () => {
    const targets = ["a/b/c", "/mnt/mesos/sandbox/d", "a/./", "a//b"]
    const mounts = targets.map((target) => ({
      source: "/data",
      kind: "directory",
      readOnly: false,
      target,
    })) as MountInput["mounts"]
    const made = mountsOf({ ...image, mounts }).slice(-4)
    expect(made.map(({ destination }) => destination.replace("/mnt/mesos/sandbox/", ""))).toEqual([
      "d",
      "a/./",
      "a//b",
      "a/b/c",
    ])
  })
})
