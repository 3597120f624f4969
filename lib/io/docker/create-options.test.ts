import { afterAll, describe, expect, test } from "bun:test"
import type {
  ContainerInfo,
  Resource,
  TaskInfo,
  Volume,
  VolumeSourceDockerVolume,
} from "#lib/mesos/index.ts"
import type { ContainerMount, ContainerSpec } from "#lib/ports/index.ts"
import { TestPlace } from "#lib/io/testing/containers.ts"
import { createOptions } from "./create-options.ts"
import type { CreateOptionsInput } from "./create-options.ts"

const place = new TestPlace()
afterAll(() => place[Symbol.dispose]())

const scalarOf = (name: string, amount: number): Resource => ({
  name,
  value: { kind: "scalar", milli: amount * 1000 },
  reservations: [],
})
const ports: Resource = {
  name: "ports",
  value: { kind: "ranges", ranges: [{ begin: 31000, end: 31001 }] },
  reservations: [],
}

function options(
  task: Partial<TaskInfo>,
  docker: Partial<ContainerInfo["docker"]> = {},
  container: Partial<ContainerInfo> = {},
  mounts: readonly ContainerMount[] = [],
) {
  const made = place.spec("run", {
    environment: { A: "1" },
    task: {
      container: { type: "DOCKER", docker: { image: "image", ...docker }, ...container },
      ...task,
    },
  })
  return optionsOf({ ...made, mounts })
}

function optionsOf(spec: ContainerSpec, more: Partial<CreateOptionsInput> = {}) {
  const parameters = spec.task.container?.docker?.parameters ?? []
  const made = createOptions({
    spec,
    owner: "agent",
    bootId: "boot",
    parameters,
    memoryBytes: 2 ** 30,
    ...more,
  })
  return { spec, made, value: made.ok ? made.value : undefined, error: made.ok ? "" : made.error }
}

const withVolume = (volume: Partial<Volume>) =>
  options({}, {}, { volumes: [{ mode: "RW", containerPath: "/data", ...volume }] })

test("names and labels the container, binds its sandbox and sets its environment", () => {
  const { spec, value } = options({})
  expect(value).toMatchObject({
    name: `mesos-${spec.containerId}`,
    Image: "image",
    Env: [
      "A=1",
      "MESOS_SANDBOX=/mnt/mesos/sandbox",
      `MESOS_CONTAINER_NAME=mesos-${spec.containerId}`,
    ],
    Labels: { "dcos.agent": "agent", "dcos.container": spec.containerId, "dcos.boot": "boot" },
    HostConfig: { Binds: [`${spec.sandbox}:/mnt/mesos/sandbox`], NetworkMode: "host" },
  })
})

test("runs shell commands by /bin/sh, others by the image's entrypoint with value and arguments", () => {
  expect(options({ command: { value: "a | b" } }).value).toMatchObject({
    Entrypoint: ["/bin/sh"],
    Cmd: ["-c", "a | b"],
  })
  const argv = options({ command: { shell: false, value: "x", arguments: ["1", "2"] } }).value
  expect(argv?.Cmd).toEqual(["x", "1", "2"])
  expect(argv?.Entrypoint).toBeUndefined()
  expect(options({ command: { shell: false, arguments: ["1"] } }).value?.Cmd).toEqual(["1"])
  expect(options({ command: { shell: false } }).value?.Cmd).toBeUndefined()
  expect(options({ command: {} }).error).toBe("a shell command needs a value")
})

describe("limits", () => {
  test("shares for cpus and a hard limit for memory, with their least values", () => {
    const limits = (cpus: number, mem: number) =>
      options({ resources: [scalarOf("cpus", cpus), scalarOf("mem", mem)] }).value?.HostConfig
    expect(limits(0.5, 128)).toMatchObject({ CpuShares: 512, Memory: 128 * 1024 * 1024 })
    expect(limits(0.001, 1)).toMatchObject({ CpuShares: 2, Memory: 32 * 1024 * 1024 })
  })

  test("a limit above the request makes the request a reservation", () => {
    const resources = [scalarOf("cpus", 1), scalarOf("mem", 256)]
    const limits = { cpus: { value: 1.5 }, mem: { value: 512 } }
    expect(options({ resources, limits }).value?.HostConfig).toMatchObject({
      CpuPeriod: 100_000,
      CpuQuota: 150_000,
      Memory: 512 * 1024 * 1024,
      MemoryReservation: 256 * 1024 * 1024,
      OomScoreAdj: 750,
    })
    const endless = { cpus: { value: Number.POSITIVE_INFINITY }, mem: { value: Infinity } }
    const unlimited = options({ resources, limits: endless }).value?.HostConfig
    expect(unlimited?.Memory).toBeUndefined()
    expect(unlimited?.CpuQuota).toBeUndefined()
  })
})

describe("network", () => {
  test("publishes ports that the task has", () => {
    const portMappings = [
      { hostPort: 31000, containerPort: 80 },
      { hostPort: 31001, containerPort: 53, protocol: "udp" },
    ]
    const { value } = options({ resources: [ports] }, { network: "BRIDGE", portMappings })
    expect(value?.HostConfig).toMatchObject({
      NetworkMode: "bridge",
      PortBindings: {
        "80/tcp": [{ HostIp: "", HostPort: "31000" }],
        "53/udp": [{ HostIp: "", HostPort: "31001" }],
      },
    })
    expect(value?.ExposedPorts).toEqual({ "80/tcp": {}, "53/udp": {} })
  })

  test("refuses ports that the task lacks, and ports without a network of its own", () => {
    const portMappings = [{ hostPort: 80, containerPort: 80 }]
    expect(options({ resources: [ports] }, { network: "BRIDGE", portMappings }).error).toBe(
      "host port 80 is not among the ports of the task's resources",
    )
    expect(options({}, { network: "HOST", portMappings }).error).toContain("not HOST")
  })

  test("joins the one named network of USER", () => {
    const user = { network: "USER" } as const
    const named = options({}, user, { networkInfos: [{ name: "blue" }] })
    expect(named.value?.HostConfig?.NetworkMode).toBe("blue")
    expect(options({}, user).error).toContain("exactly one network_infos")
  })

  test("sets a hostname except on the host network", () => {
    expect(options({}, { network: "NONE" }, { hostname: "h" }).value?.Hostname).toBe("h")
    expect(options({}, {}, { hostname: "h" }).error).toContain("hostname cannot be set")
  })
})

describe("volumes", () => {
  const bind = (volume: Partial<Volume>) => {
    const { spec, value } = withVolume(volume)
    return value?.HostConfig?.Binds?.[1]?.replace(spec.sandbox, "SANDBOX")
  }

  test("of the host, of the sandbox, of a driver and of the container itself", () => {
    expect(bind({ hostPath: "/host", mode: "RO" })).toBe("/host:/data:ro")
    expect(bind({ hostPath: "/host", containerPath: "rel" })).toBe(
      "/host:/mnt/mesos/sandbox/rel:rw",
    )
    expect(bind({ hostPath: "cache" })).toBe("SANDBOX/cache:/data:rw")
    expect(bind({ source: { dockerVolume: { name: "vol" } } })).toBe("vol:/data:rw")
    expect(bind({})).toBe("/data:rw")
  })

  test("that the agent has made ready", () => {
    const secret = { mode: "RO", containerPath: "key", source: { secret: {} } } as const
    const mounts: ContainerMount[] = [
      { source: "/run/s/0", target: "key", kind: "file", readOnly: true },
      {
        source: "/srv",
        target: "/srv",
        kind: "directory",
        readOnly: false,
        propagation: "hostToContainer",
      },
    ]
    const { value } = options({}, {}, { volumes: [secret] }, mounts)
    expect(value?.HostConfig?.Binds?.slice(1)).toEqual([
      "/run/s/0:/mnt/mesos/sandbox/key:ro",
      "/srv:/srv:rw,rslave",
    ])
  })

  test("refuses what leads out of the sandbox or what Docker cannot do", () => {
    expect(withVolume({ hostPath: "../x" }).error).toContain("must not lead out")
    expect(withVolume({ hostPath: "x", containerPath: "y" }).error).toContain("must be absolute")
    expect(withVolume({ hostPath: "/a:b" }).error).toContain("must not contain a colon")
    expect(withVolume({ image: { type: "DOCKER" } }).error).toContain("cannot be an image")
  })

  test("of drivers have a driver and its options each", () => {
    const driven = (driver: string, more: Partial<VolumeSourceDockerVolume> = {}): Volume => ({
      mode: "RO",
      containerPath: driver,
      source: { dockerVolume: { driver, name: `${driver}:1`, ...more } },
    })
    const driverOptions = { parameter: [{ key: "size", value: "1" }] }
    const { value } = options({}, {}, { volumes: [driven("a", { driverOptions }), driven("b")] })
    const mounted = (driver: string, given: object) => ({
      Type: "volume",
      Source: `${driver}:1`,
      Target: `/mnt/mesos/sandbox/${driver}`,
      ReadOnly: true,
      VolumeOptions: { NoCopy: false, Labels: {}, DriverConfig: { Name: driver, Options: given } },
    })
    const volumes: unknown = value?.HostConfig?.Mounts
    expect(volumes).toEqual([mounted("a", { size: "1" }), mounted("b", {})])
    expect(value?.HostConfig?.Binds).toHaveLength(1)
  })
})

test("a terminal has a keyboard for those who attach", () => {
  expect(options({}).value).not.toHaveProperty("Tty")
  const { value } = options({}, {}, { ttyInfo: {} })
  expect(value).toMatchObject({ Tty: true, OpenStdin: true })
})

test("cpus are a hard limit too where the operator wants that", () => {
  const { spec } = options({ resources: [scalarOf("cpus", 0.5)] })
  const about = { spec, owner: "agent", bootId: "boot", parameters: [], memoryBytes: 2 ** 30 }
  const quota = (enableCfs: boolean) => {
    const made = createOptions({ ...about, enableCfs })
    return made.ok ? made.value.HostConfig?.CpuQuota : made.error
  }
  expect([quota(true), quota(false)]).toEqual([50_000, undefined])
})

test("the parameters of a task come last", () => {
  const container = { parameters: [{ key: "net", value: "blue" }] }
  expect(options({}, container).value?.HostConfig?.NetworkMode).toBe("blue")
  expect(options({}, { parameters: [{ key: "nonsense", value: "1" }] }).error).toBe(
    "Docker parameter 'nonsense' is not supported",
  )
})

test("device files are the container's at their own paths", () => {
  const devices = ["/dev/nvidiactl", "/dev/nvidia0"]
  const spec = place.spec("run", {
    task: { container: { type: "DOCKER", docker: { image: "image" } } },
  })
  const about = { owner: "agent", bootId: "boot", parameters: [], memoryBytes: 2 ** 30 }
  const made = createOptions({ ...about, spec, devices })
  expect(made.ok && made.value.HostConfig?.Devices).toEqual(
    devices.map((path) => ({
      PathOnHost: path,
      PathInContainer: path,
      CgroupPermissions: "mrw",
    })),
  )
})

test("the sandbox is where the operator wants it", () => {
  const volumes = [{ mode: "RW" as const, containerPath: "data", hostPath: "/srv" }]
  const spec = place.spec("run", {
    task: { container: { type: "DOCKER", docker: { image: "image" }, volumes } },
  })
  const made = createOptions({
    spec,
    owner: "agent",
    bootId: "boot",
    parameters: [],
    memoryBytes: 2 ** 30,
    sandboxDirectory: "/sandbox",
  })
  expect(made).toMatchObject({
    ok: true,
    value: {
      Env: expect.arrayContaining(["MESOS_SANDBOX=/sandbox"]),
      HostConfig: { Binds: [`${spec.sandbox}:/sandbox`, "/srv:/sandbox/data:rw"] },
    },
  })
})

test("names are resolved as the operator says of a network, unless the task does", () => {
  const entry = (nameserver: string, network?: string) => ({
    mode: "USER",
    network,
    dns: { nameservers: [nameserver], search: ["a.b"], options: [] },
  })
  const dns = [entry("10.0.0.1"), entry("10.0.0.2", "blue")]
  const on = (name: string, parameters: { key: string; value: string }[] = []) => {
    const docker = { image: "image", network: "USER" as const, parameters }
    const container = { type: "DOCKER" as const, docker, networkInfos: [{ name }] }
    return optionsOf(place.spec("run", { task: { container } }), { dns }).value?.HostConfig
  }
  expect(on("red")).toMatchObject({ Dns: ["10.0.0.1"], DnsSearch: ["a.b"] })
  expect(on("blue")?.Dns).toEqual(["10.0.0.2"])
  expect(on("blue", [{ key: "dns", value: "10.0.0.3" }])?.Dns).toEqual(["10.0.0.3"])
  const host = { type: "DOCKER" as const, docker: { image: "image" } }
  expect(
    optionsOf(place.spec("run", { task: { container: host } }), { dns }).value?.HostConfig,
  ).not.toHaveProperty("Dns")
})
