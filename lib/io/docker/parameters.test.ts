import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { writeFileSync } from "node:fs"
import { TestPlace } from "#lib/io/testing/containers.ts"
import { parseGoDuration } from "./go-duration.ts"
import { readParameterFiles } from "./parameter-files.ts"
import type { Draft } from "./parameter-kinds.ts"
import { finished } from "./parameter-network.ts"
import { applyParameter } from "./parameters.ts"

/** The request after these parameters, or what is wrong with one of them. */
function applied(...parameters: readonly (readonly [key: string, value: string])[]) {
  const draft: Draft = { Env: [], Labels: {}, HostConfig: { NetworkMode: "blue" } }
  for (const [key, value] of parameters) {
    const result = applyParameter(draft, { key, value })
    if (!result.ok) return { error: result.error }
  }
  return { value: finished(draft) }
}

const host = (key: string, ...values: readonly string[]) =>
  applied(...values.map((value) => [key, value] as const)).value?.HostConfig

const problem = (key: string, value: string) => applied([key, value]).error

describe("options of docker run", () => {
  test("are understood in every spelling", () => {
    expect(host("cap-add", "NET_ADMIN", "SYS_TIME")?.CapAdd).toEqual(["NET_ADMIN", "SYS_TIME"])
    expect(host("memory", "64m")?.Memory).toBe(64 * 1024 * 1024)
    expect(host("--m", "1.5g")?.Memory).toBe(1.5 * 2 ** 30)
    expect(host("--cpus", "1.5")?.NanoCpus).toBe(1_500_000_000)
    expect(applied(["e", "B=2"]).value?.Env).toEqual(["B=2"])
    expect(applied(["label", "k=v=w"]).value?.Labels).toEqual({ k: "v=w" })
    expect(host("v", "/a:/b:ro")?.Binds).toEqual(["/a:/b:ro"])
    expect(host("init", "")?.Init).toBe(true)
    expect(host("read-only", "False")?.ReadonlyRootfs).toBe(false)
    expect(host("sysctl", "net.a=1", "net.b=2")?.Sysctls).toEqual({ "net.a": "1", "net.b": "2" })
    expect(host("memory-swappiness", "0")?.MemorySwappiness).toBe(0)
    expect(host("tmpfs", "/run:size=1m", "/tmp")?.Tmpfs).toEqual({ "/run": "size=1m", "/tmp": "" })
    expect(host("cgroupns", "private")).toMatchObject({ CgroupnsMode: "private" })
    expect(applied(["stop-timeout", "3"]).value?.StopTimeout).toBe(3)
  })

  test("devices, limits and rates", () => {
    const fuse = { PathOnHost: "/dev/fuse", PathInContainer: "/dev/fuse", CgroupPermissions: "rwm" }
    expect(host("device", "/dev/fuse", "/dev/fuse:r", "/dev/fuse:/dev/f:rw")?.Devices).toEqual([
      fuse,
      { ...fuse, CgroupPermissions: "r" },
      { ...fuse, PathInContainer: "/dev/f", CgroupPermissions: "rw" },
    ])
    expect(host("ulimit", "nofile=1:2", "core=-1")?.Ulimits).toEqual([
      { Name: "nofile", Soft: 1, Hard: 2 },
      { Name: "core", Soft: -1, Hard: -1 },
    ])
    expect(host("device-read-bps", "/dev/sda:1mb")?.BlkioDeviceReadBps).toEqual([
      { Path: "/dev/sda", Rate: 2 ** 20 },
    ])
    expect(host("blkio-weight-device", "/dev/sda:100")?.BlkioWeightDevice).toEqual([
      { Path: "/dev/sda", Weight: 100 },
    ])
    expect(host("device-cgroup-rule", "c 42:* rmw")?.DeviceCgroupRules).toEqual(["c 42:* rmw"])
    const request = (value: string) => host("gpus", value)?.DeviceRequests?.[0]
    expect(request("all")).toEqual({ Count: -1, Capabilities: [["gpu"]] })
    expect(request('"device=0,1",capabilities=utility')).toEqual({
      DeviceIDs: ["0", "1"],
      Capabilities: [["gpu", "utility"]],
    })
  })

  test("ports, alone and in ranges", () => {
    const bindings = (value: string) => host("publish", value)?.PortBindings as unknown
    expect(bindings("127.0.0.1:8080:80")).toEqual({
      "80/tcp": [{ HostIp: "127.0.0.1", HostPort: "8080" }],
    })
    expect(bindings("[::1]::53/udp")).toEqual({ "53/udp": [{ HostIp: "::1", HostPort: "" }] })
    expect(bindings("7000-7001:80-81")).toEqual({
      "80/tcp": [{ HostIp: "", HostPort: "7000" }],
      "81/tcp": [{ HostIp: "", HostPort: "7001" }],
    })
    expect(applied(["expose", "8000-8001/udp"]).value?.ExposedPorts).toEqual({
      "8000/udp": {},
      "8001/udp": {},
    })
  })

  test("what the container is on its network", () => {
    const { value } = applied(["network-alias", "web"], ["ip", "10.0.0.2"], ["link", "db:db"])
    expect(value?.NetworkingConfig?.EndpointsConfig).toEqual({
      blue: { Aliases: ["web"], IPAMConfig: { IPv4Address: "10.0.0.2" }, Links: ["db:db"] },
    })
    expect(value).not.toHaveProperty("endpoint")
    const named = applied(["network", "name=green,alias=a"]).value
    expect(named?.HostConfig?.NetworkMode).toBe("green")
    expect(named?.NetworkingConfig?.EndpointsConfig).toEqual({ green: { Aliases: ["a"] } })
    const bridged = applied(["net", "bridge"], ["link", "db"]).value
    expect(bridged?.NetworkingConfig).toBeUndefined()
    expect(bridged?.HostConfig?.Links).toEqual(["db"])
  })

  test("mounts of every type", () => {
    const mounted = (value: string): unknown => host("mount", value)?.Mounts?.[0]
    expect(mounted("type=bind,src=/a,dst=/b,readonly,bind-propagation=rslave")).toEqual({
      Type: "bind",
      Source: "/a",
      Target: "/b",
      ReadOnly: true,
      BindOptions: { Propagation: "rslave" },
    })
    expect(mounted('source=v,target=/v,volume-driver=d,"volume-opt=o=a,b",volume-nocopy')).toEqual({
      Type: "volume",
      Source: "v",
      Target: "/v",
      VolumeOptions: { DriverConfig: { Name: "d", Options: { o: "a,b" } }, NoCopy: true },
    })
    expect(mounted("type=tmpfs,target=/t,tmpfs-size=1m,tmpfs-mode=1770")).toEqual({
      Type: "tmpfs",
      Target: "/t",
      TmpfsOptions: { SizeBytes: 2 ** 20, Mode: 0o1770 },
    })
    expect(problem("mount", "type=bind,src=/a")).toContain("must have a target")
    expect(problem("mount", "target=/a,wrong=1")).toContain("must not have the field 'wrong'")
    expect(problem("mount", "target=/a,tmpfs-mode=9")).toContain("must have a proper 'tmpfs-mode'")
  })

  test("the image's own health check", () => {
    const { value } = applied(
      ["health-cmd", "true"],
      ["health-interval", "1m30s"],
      ["health-retries", "4"],
    )
    expect(value?.Healthcheck).toEqual({
      Test: ["CMD-SHELL", "true"],
      Interval: 90e9,
      Retries: 4,
    })
    expect(applied(["no-healthcheck", "true"]).value?.Healthcheck).toEqual({ Test: ["NONE"] })
    expect(problem("health-timeout", "soon")).toContain("must be a duration such as 1m30s")
    expect(["0", "1.5s", "2h", "1", "s1"].map(parseGoDuration)).toEqual([
      0,
      1.5e9,
      7200e9,
      undefined,
      undefined,
    ])
  })

  test("of the log", () => {
    expect(host("log-driver", "journald")?.LogConfig).toEqual({ Type: "journald", Config: {} })
    expect(host("log-opt", "max-size=1m")?.LogConfig).toEqual({
      Type: "json-file",
      Config: { "max-size": "1m" },
    })
  })
})

describe("refused", () => {
  test("values that are none, with what would be one", () => {
    expect(problem("memory", "much")).toBe(
      "Docker parameter 'memory' must be a size such as 64m, not 'much'",
    )
    expect(problem("privileged", "perhaps")).toContain("must be true or false")
    expect(problem("cpus", "many")).toContain("must be a number")
    expect(problem("publish", "80:90:100:110")).toContain("must look like 8080:80/tcp")
    expect(problem("publish", "7000-7001:80")).toContain("as many ports")
    expect(problem("publish", "90-80")).toContain("from low to high")
    expect(problem("ulimit", "1024")).toContain("must look like nofile=1024:2048")
    expect(problem("device-cgroup-rule", "x")).toContain("must look like c 42:* rmw")
    expect(problem("device-write-bps", "/dev/sda")).toContain("must look like /dev/sda:1mb")
    expect(problem("gpus", "some")).toContain("must look like all, 2 or device=0")
    expect(problem("label", "dcos.agent=other")).toContain("must not begin with dcos.")
  })

  test("what would take the container out of the agent's hands", () => {
    expect(problem("restart", "always")).toBe(
      "Docker parameter 'restart' cannot be used: the scheduler decides about restarts",
    )
    expect(problem("d", "")).toContain("the agent follows its containers")
    expect(problem("nonsense", "1")).toBe("Docker parameter 'nonsense' is not supported")
  })

  test("nothing without a reason that docker run knows", () => {
    // Source: docker run --help of Docker 28.
    const options = `add-host annotation attach blkio-weight blkio-weight-device cap-add cap-drop
      cgroup-parent cgroupns cidfile cpu-count cpu-percent cpu-period cpu-quota cpu-rt-period
      cpu-rt-runtime cpu-shares cpus cpuset-cpus cpuset-mems detach detach-keys device
      device-cgroup-rule device-read-bps device-read-iops device-write-bps device-write-iops
      disable-content-trust dns dns-option dns-search domainname entrypoint env expose gpus group-add
      health-cmd health-interval health-retries health-start-interval health-start-period
      health-timeout help hostname init interactive io-maxbandwidth io-maxiops ip ip6 ipc isolation
      kernel-memory label link link-local-ip log-driver log-opt mac-address memory
      memory-reservation memory-swap memory-swappiness mount name network network-alias
      no-healthcheck oom-kill-disable oom-score-adj pid pids-limit platform privileged publish
      publish-all pull quiet read-only restart rm runtime security-opt shm-size sig-proxy
      stop-signal stop-timeout storage-opt sysctl tmpfs tty ulimit use-api-socket user userns uts
      volume volume-driver volumes-from workdir`
    const unknown = options.split(/\s+/).filter((key) => problem(key, "1")?.endsWith("supported"))
    expect(unknown).toEqual([])
  })
})

describe("parameters that name files", () => {
  let place: TestPlace
  beforeAll(() => {
    place = new TestPlace()
  })
  afterAll(() => place[Symbol.dispose]())
  const read = (key: string, value: string) => readParameterFiles([{ key, value }], place.root)

  test("become what is in them", async () => {
    writeFileSync(`${place.root}/variables`, "# ours\nA=1\n\n  B=two words\r\n")
    writeFileSync(`${place.root}/profile.json`, '{ "defaultAction": "SCMP_ACT_ALLOW" }\n')
    expect(await read("env-file", "variables")).toEqual({
      ok: true,
      value: [
        { key: "env", value: "A=1" },
        { key: "env", value: "B=two words" },
      ],
    })
    expect(await read("label-file", `${place.root}/variables`)).toMatchObject({
      value: [{ key: "label" }, { key: "label" }],
    })
    const security = [{ key: "security-opt", value: 'seccomp={"defaultAction":"SCMP_ACT_ALLOW"}' }]
    expect(await read("security-opt", "seccomp=profile.json")).toEqual({
      ok: true,
      value: security,
    })
    for (const value of ["seccomp=unconfined", "no-new-privileges", "apparmor=mine"])
      expect(await read("security-opt", value)).toEqual({
        ok: true,
        value: [{ key: "security-opt", value }],
      })
  })

  test("are refused by name when the file is missing or no profile", async () => {
    const missing = await read("env-file", "nothing")
    expect(missing.ok ? "" : missing.error).toStartWith(
      "Docker parameter 'env-file' names 'nothing'",
    )
    const wrong = await read("security-opt", "seccomp=variables")
    expect(wrong.ok ? "" : wrong.error).toContain("names 'seccomp=variables'")
  })
})
