/** What each isolator of Mesos does, seen from inside and outside of real containers. */
import { afterAll, afterEach, beforeEach, expect, test } from "bun:test"
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync } from "node:fs"
import { boxImages } from "#lib/io/testing/box-image.ts"
import { Exits, removeCgroups, TestPlace, until } from "#lib/io/testing/containers.ts"
import { exitedStatus } from "#lib/io/host/wait-status.ts"
import { parseResources } from "#lib/mesos/index.ts"
import type { LinuxInfo, TaskInfo } from "#lib/mesos/index.ts"
import type { ContainerSpec } from "#lib/ports/index.ts"
import { describeWith, type Part } from "../../../test/fixtures/system-parts.ts"
import { deviceAt } from "./find-device.ts"
import { DEFAULT_CAPABILITIES, type RuncSettings } from "./settings.ts"
import { RuncRuntime } from "./runc-runtime.ts"

const needed = ["runc", "conmon", "busybox"].filter((name) => Bun.which(name) === null)
const parts: readonly Part[] = [
  { name: "runc", missing: needed.length > 0 ? `without ${needed.join(", ")}` : undefined },
  { name: "root", missing: process.getuid?.() === 0 ? undefined : "not run as root" },
]

const CGROUPS = `dcos-test-isolation-${process.pid}`
const ROOT = "/sys/fs/cgroup"
const isUnified = existsSync(`${ROOT}/cgroup.controllers`)
const never = new AbortController().signal

let place: TestPlace
let exits: Exits
let runtime: RuncRuntime

beforeEach(() => {
  place = new TestPlace()
  open()
})
afterAll(() => removeCgroups(CGROUPS))
afterEach(async () => {
  await runtime.removeOrphans(new Set())
  await runtime.close()
  place[Symbol.dispose]()
})

/** An agent with these settings. */
function open(settings: Partial<RuncSettings> = {}): void {
  runtime = new RuncRuntime({
    runtimeDir: place.runtimeDir,
    rootsDir: `${place.root}/roots`,
    address: "10.1.2.3",
    settings: { cgroupsRoot: CGROUPS, ...settings },
    images: boxImages(place.root),
  })
  exits = new Exits()
  runtime.onExit(exits.listen)
}

type Asked = Partial<TaskInfo> & { readonly user?: string; readonly linuxInfo?: LinuxInfo }

function specOf(value: string, { user, linuxInfo, ...task }: Asked = {}): ContainerSpec {
  const container = { type: "MESOS" as const, linuxInfo, ...task.container }
  const more = user === undefined ? {} : { user }
  return place.spec(value, { runtime: "runc", ...more, task: { ...task, container } })
}

const boxed = {
  container: { type: "MESOS", mesos: { image: { type: "DOCKER", docker: { name: "box" } } } },
} as const

/** What a command of a container writes, errors last. */
async function told(value: string, asked: Asked = {}): Promise<string> {
  const one = specOf(value, asked)
  const launched = await runtime.launch(one, never)
  if (!launched.ok) throw new Error(launched.error.message)
  await exits.of(one)
  return place.read(one) + place.read(one, "stderr")
}

/** A container that runs until the test ends, and its first process. */
async function running(asked: Asked = {}): Promise<{ one: ContainerSpec; pid: number }> {
  const one = specOf("exec sleep 1000", asked)
  const launched = await runtime.launch(one, never)
  if (!launched.ok) throw new Error(launched.error.message)
  return { one, pid: launched.value.status.executorPid ?? 0 }
}

/** A file of a container's cgroup, by its names in versions 1 and 2. */
const value = ({ containerId }: ContainerSpec, one: string, two: string): string =>
  readFileSync(
    isUnified
      ? `${ROOT}/${CGROUPS}/${containerId}/${two}`
      : `${ROOT}/${one.split(".", 1).join("")}/${CGROUPS}/${containerId}/${one}`,
    "utf8",
  ).trim()

function resources(text: string): Partial<TaskInfo> {
  const parsed = parseResources(text)
  return parsed.ok ? { resources: parsed.value } : {}
}

describeWith(...parts)("cgroups", () => {
  test("/cpu: shares by cpus, a quota by a limit or where the operator wants one", async () => {
    const { one } = await running(resources("cpus:0.5;mem:64"))
    expect(value(one, "cpu.shares", "cpu.weight")).toBe(isUnified ? "50" : "512")
    expect(value(one, "cpu.cfs_quota_us", "cpu.max")).toBe(isUnified ? "max 100000" : "-1")
    const limited = await running({ ...resources("cpus:0.5"), limits: { cpus: { value: 0.75 } } })
    expect(value(limited.one, "cpu.cfs_quota_us", "cpu.max")).toStartWith("75000")
    await runtime.close()
    open({ enableCfs: true })
    const bound = await running(resources("cpus:0.5"))
    expect(value(bound.one, "cpu.cfs_quota_us", "cpu.max")).toStartWith("50000")
  })

  test("/mem: the request is what is kept, the limit what is never exceeded", async () => {
    const task = { ...resources("cpus:0.1;mem:40"), limits: { mem: { value: 80 } } }
    const { one, pid } = await running(task)
    expect(value(one, "memory.soft_limit_in_bytes", "memory.low")).toBe(`${40 * 2 ** 20}`)
    expect(value(one, "memory.limit_in_bytes", "memory.max")).toBe(`${80 * 2 ** 20}`)
    expect(Number(readFileSync(`/proc/${pid}/oom_score_adj`, "utf8"))).toBeGreaterThan(0)
  })

  test("/mem: swap is part of the limit where the operator wants that", async () => {
    await runtime.close()
    open({ limitSwap: true })
    const { one } = await running(resources("mem:40"))
    const swap = () => value(one, "memory.memsw.limit_in_bytes", "memory.swap.max")
    expect(swap()).toBe(isUnified ? "0" : `${40 * 2 ** 20}`)
    const task = { ...one.task, ...resources("mem:64") }
    expect(await runtime.resize({ ...one, task })).toMatchObject({ ok: true })
    expect(swap()).toBe(isUnified ? "0" : `${64 * 2 ** 20}`)
    expect(value(one, "memory.limit_in_bytes", "memory.max")).toBe(`${64 * 2 ** 20}`)
  })

  test("/devices: the usual ones, and what the operator allows", async () => {
    const open = "mknod d c 1 11; head -c0 d; head -c1 /dev/zero >/dev/null && echo usual"
    expect(await told(open)).toContain("Operation not permitted")
    expect(await told(open)).toContain("usual")
  })

  test("/pids: a container has so many processes and no more", async () => {
    await runtime.close()
    open({ pidsLimit: 33 })
    const { one } = await running()
    expect(value(one, "pids.max", "pids.max")).toBe("33")
  })

  test("/blkio, /cpuset, /hugetlb, /net_cls, /net_prio, /all: a group in every hierarchy", async () => {
    const { one, pid } = await running()
    const groups = readFileSync(`/proc/${pid}/cgroup`, "utf8").trim().split("\n")
    const mounted = isUnified
      ? [""]
      : readdirSync(ROOT).filter((name) => existsSync(`${ROOT}/${name}/cgroup.clone_children`))
    expect(mounted.length).toBeGreaterThan(0)
    const controllers = mounted.filter((name) => name !== "systemd")
    for (const name of controllers) {
      const own = groups.find((line) => line.split(":")[1]?.split(",").includes(name))
      expect(own).toContain(`/${CGROUPS}/${one.containerId}`)
    }
  })
})

describeWith(...parts)("packets", () => {
  test("of each container have a class id, which the kernel is told, or nothing runs", async () => {
    await runtime.close()
    open({ netCls: { primary: 0x10, first: 7, last: 9 } })
    const mounted = existsSync(`${ROOT}/net_cls/cgroup.procs`)
    for (const classid of [0x100007, 0x100008]) {
      const one = specOf("exec sleep 1000")
      const launched = await runtime.launch(one, never)
      if (mounted) {
        expect(launched).toMatchObject({
          value: { status: { cgroupInfo: { netCls: { classid } } } },
        })
        expect(Number(value(one, "net_cls.classid", ""))).toBe(classid)
      } else if (!isUnified)
        expect(launched).toMatchObject({
          error: { message: expect.stringContaining("cannot set net_cls limit") },
        })
    }
  })
})

describeWith(...parts)("linux", () => {
  test("/devices: nodes of what the operator allows", async () => {
    const loops = deviceAt("/dev/loop-control", "rw")
    if (!loops.ok) throw new Error(loops.error)
    expect(await told("ls /dev/loop-control", boxed)).toContain("No such file")
    await runtime.close()
    open({ allowedDevices: [loops.value] })
    expect(
      await told("head -c0 /dev/loop-control && echo opened; ls /dev/loop-control", boxed),
    ).toBe("opened\n/dev/loop-control\n")
  })

  test("/capabilities: root has Docker's where nobody says otherwise", async () => {
    const held = await told("grep CapEff /proc/self/status")
    const bits = BigInt(`0x${held.trim().split(/\s+/)[1]}`)
      .toString(2)
      .replaceAll("0", "")
    expect(bits).toHaveLength(DEFAULT_CAPABILITIES.length)
  })

  test("/capabilities: what a task or the operator names, up to the ceiling", async () => {
    const status = "grep -E 'Cap(Eff|Bnd)' /proc/self/status"
    const chown = { effectiveCapabilities: { capabilities: ["CHOWN"] } } as const
    expect(await told(status, { linuxInfo: chown, user: "nobody" })).toBe(
      "CapEff:\t0000000000000001\nCapBnd:\t0000000000000001\n",
    )
    await runtime.close()
    open({ effectiveCapabilities: ["KILL"], boundingCapabilities: ["KILL"] })
    expect(await told(status)).toBe("CapEff:\t0000000000000020\nCapBnd:\t0000000000000020\n")
    expect(told(status, { linuxInfo: chown })).rejects.toThrow(
      "capability CHOWN is beyond the agent's --bounding_capabilities",
    )
  })

  test("/nnp: no program gains rights", async () => {
    const status = "grep NoNewPrivs /proc/self/status"
    expect(await told(status)).toBe("NoNewPrivs:\t0\n")
    await runtime.close()
    open({ noNewPrivileges: true })
    expect(await told(status)).toBe("NoNewPrivs:\t1\n")
  })

  test("/seccomp: the profile that a task names, and none where it says so", async () => {
    mkdirSync(`${place.root}/profiles`)
    const rule = { names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 28 }
    const profile = { defaultAction: "SCMP_ACT_ALLOW", syscalls: [rule] }
    await Bun.write(`${place.root}/profiles/no-space`, JSON.stringify(profile))
    await runtime.close()
    open({ seccompConfigDir: `${place.root}/profiles` })
    const linuxInfo = { seccomp: { profileName: "no-space" } }
    expect(await told("mkdir made", { linuxInfo })).toContain("No space left on device")
    expect(await told("mkdir made && grep Seccomp: /proc/self/status")).toBe("Seccomp:\t2\n")
    expect(
      await told("grep Seccomp: /proc/self/status", {
        linuxInfo: { seccomp: { unconfined: true } },
      }),
    ).toBe("Seccomp:\t0\n")
    expect(told("true", { linuxInfo: { seccomp: { profileName: "other" } } })).rejects.toThrow(
      "seccomp profile 'other'",
    )
  })
})

describeWith(...parts)("namespaces", () => {
  const ofMachine = (name: string) => `${readlinkSync(`/proc/self/ns/${name}`)}\n`

  test("/pid: its own, or the machine's where that is allowed", async () => {
    const asks = "readlink /proc/self/ns/pid"
    const shares = { linuxInfo: { sharePidNamespace: true } }
    expect(await told(asks)).not.toBe(ofMachine("pid"))
    expect(await told(asks, shares)).toBe(ofMachine("pid"))
    await runtime.close()
    open({ disallowSharingAgentPid: true })
    expect(told(asks, shares)).rejects.toThrow("--disallow_sharing_agent_pid_namespace")
  })

  test("/ipc: its own shared memory, of the size asked for, or the machine's", async () => {
    const asks = "readlink /proc/self/ns/ipc; df -m /dev/shm | tail -n 1"
    const own = await told(asks, { linuxInfo: { ipcMode: "PRIVATE", shmSize: 7 } })
    expect(own).not.toContain(ofMachine("ipc"))
    expect(own).toMatch(/\s7\s/)
    const shares = { linuxInfo: { ipcMode: "SHARE_PARENT" } } as const
    expect(await told(asks, shares)).toStartWith(ofMachine("ipc"))
    await runtime.close()
    open({ disallowSharingAgentIpc: true, defaultShmSizeMib: 9 })
    expect(await told(asks)).toMatch(/\s9\s/)
    expect(told(asks, shares)).rejects.toThrow("--disallow_sharing_agent_ipc_namespace")
  })
})

describeWith(...parts)("filesystem/linux", () => {
  test("an image is the root, with a /proc, /sys and /dev that hide the machine", async () => {
    const seen = await told("ls /; ls /sys/firmware /dev/shm; pwd; cat /proc/mounts", boxed)
    expect(seen).toStartWith(
      "bin\ndev\netc\nmnt\nproc\nsys\ntmp\n/dev/shm:\n\n/sys/firmware:\n/mnt/mesos/sandbox\n",
    )
    for (const mount of ["/ overlay rw", "/proc proc rw", "/sys sysfs ro", "/dev tmpfs rw"])
      expect(seen).toContain(` ${mount},`)
    for (const mount of ["/dev/pts devpts rw", "/dev/shm tmpfs rw", "/proc/sys proc ro"])
      expect(seen).toContain(` ${mount},`)
    const masked = seen.match(/^tmpfs (?:\/proc|\/sys)\S* tmpfs/gm)
    expect(masked).toContain("tmpfs /sys/firmware tmpfs")
    expect(masked).toContain("tmpfs /proc/keys tmpfs")
  })

  test("the sandbox is where the operator wants it", async () => {
    await runtime.close()
    open({ sandboxDirectory: "/sandbox" })
    const script = "echo $MESOS_SANDBOX; pwd; ls /sandbox; touch /sandbox/made"
    const one = specOf(script, boxed)
    expect(await runtime.launch(one, never)).toMatchObject({ ok: true })
    expect(await exits.of(one)).toEqual({ status: exitedStatus(0) })
    expect(place.read(one)).toBe("/sandbox\n/sandbox\nstderr\nstdout\n")
    expect(existsSync(`${one.sandbox}/made`)).toBe(true)
  })

  test("what a container writes into its image is its own", async () => {
    expect(await told("touch /made && ls /made", boxed)).toBe("/made\n")
    expect(await told("ls /made", boxed)).toContain("No such file")
  })

  test("an image that cannot be written to leaves the sandbox and volumes to write to", async () => {
    await runtime.close()
    open({ readOnlyRoots: true })
    const one = specOf("touch /made; touch here /data/there && echo done", boxed)
    const source = `${place.root}/volume`
    mkdirSync(source)
    const mounts = [{ source, target: "/data", kind: "directory", readOnly: false }] as const
    expect(await runtime.launch({ ...one, mounts }, never)).toMatchObject({ ok: true })
    await exits.of(one)
    expect(place.read(one)).toBe("done\n")
    expect(place.read(one, "stderr")).toContain("Read-only file system")
    await until(() => existsSync(`${source}/there`))
  })
})

describeWith(...parts)("volume/host_path", () => {
  const at = (source: string, ...targets: readonly string[]) =>
    targets.map((target) => ({ source, target, kind: "directory", readOnly: false }) as const)

  test("volumes in one another are all seen, in whatever order they are named", async () => {
    const [outer, inner] = [`${place.root}/outer`, `${place.root}/inner`]
    for (const path of [outer, inner]) mkdirSync(path)
    const one = specOf("touch data/in/kept")
    const mounts = [...at(inner, "data/in"), ...at(outer, "data")]
    expect(await runtime.launch({ ...one, mounts }, never)).toMatchObject({ ok: true })
    await exits.of(one)
    expect(readdirSync(inner)).toEqual(["kept"])
  })

  test("none hides the root of a container, or is mounted where the machine has nothing", async () => {
    const source = `${place.root}/volume`
    mkdirSync(source)
    const why = async (asked: Asked, target: string) => {
      const launched = await runtime.launch(
        { ...specOf("true", asked), mounts: at(source, target) },
        never,
      )
      return launched.ok ? "" : launched.error.message
    }
    expect(await why(boxed, "/./")).toBe(
      "the container path '/./' of a volume is the root of the container, which nothing may hide: name a directory in it",
    )
    expect(await why({}, "/no-such-directory")).toContain(
      "the container path '/no-such-directory' of a volume does not exist on the agent",
    )
    expect(readdirSync(source)).toEqual([])
  })
})

describeWith(...parts)("volume/image", () => {
  test("an image is seen where the container wants it, beside its own", async () => {
    const image = { type: "DOCKER", docker: { name: "other" } } as const
    const script = `ls /other data; touch data/made && echo kept; touch /other/made
      ls data/made /bin/../made`
    const one = specOf(script, {
      container: {
        ...boxed.container,
        volumes: [
          { mode: "RO", containerPath: "/other", image },
          { mode: "RW", containerPath: "data", image },
        ],
      },
    })
    expect(await runtime.launch(one, never)).toMatchObject({ ok: true })
    await exits.of(one)
    expect(place.read(one)).toBe(
      "/other:\nbin\netc\ntmp\n\ndata:\nbin\netc\ntmp\nkept\ndata/made\n",
    )
    expect(place.read(one, "stderr")).toMatch(/Read-only file system[^]*No such file/)
    expect(existsSync(`${one.sandbox}/data/made`)).toBe(false)
    await runtime.forget(one)
    expect(readdirSync(`${place.root}/roots`)).toEqual([])
  })
})

describeWith(...parts)("network/ports", () => {
  test("what a container listens on in the machine's network is told", async () => {
    const server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => {} } })
    const { port } = server
    server.stop(true)
    const one = specOf(`exec busybox nc -l -p ${port}`)
    expect(await runtime.launch(one, never)).toMatchObject({ ok: true })
    await until(async () => (await runtime.listeningPorts(one)).includes(port))
    expect(await runtime.listeningPorts(one)).toEqual([port])
  })
})
