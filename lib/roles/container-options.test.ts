import { describe, expect, test } from "bun:test"
import { settingsFrom } from "#lib/std/daemon-settings.ts"
import { AGENT_SETTINGS } from "./agent-settings.ts"
import { containerOptions } from "./container-options.ts"

const options = (given: Readonly<Record<string, string>>) =>
  containerOptions(settingsFrom(AGENT_SETTINGS, given), {
    launcher: "posix",
    noNewPrivileges: true,
    netCls: undefined,
  })

describe("how containers are run", () => {
  test("without settings: processes, runc and Docker, images of Docker Hub", () => {
    const made = options({})
    expect(made).toMatchObject({ docker: true, launcher: "posix", runc: { noNewPrivileges: true } })
    expect(made.runc).toMatchObject({ cgroupsRoot: "mesos", enableCfs: false, pidsLimit: 8192 })
    expect(made.dockerContainers).toEqual({ killOrphans: true, removeDelayMs: 0 })
    expect(made.images).toMatchObject({ plainRegistries: [], gc: undefined })
  })

  test("in networks that are described, with plugins that are installed", () => {
    expect(options({}).networks.pluginDirectories).toEqual(["/usr/lib/cni", "/opt/cni/bin"])
    const dns = { nameservers: ["10.0.0.1"], search: [], options: [] }
    const made = options({
      networkCniConfigDir: "/etc/cni",
      networkCniPluginsDir: "/a:/b",
      defaultContainerDns: JSON.stringify({ docker: [{ network_mode: "BRIDGE", dns }] }),
    })
    expect(made.networks).toEqual({
      configDirectory: "/etc/cni",
      pluginDirectories: ["/a", "/b"],
      dns: [],
    })
    expect(made.dockerDns).toEqual([{ mode: "BRIDGE", dns }])
  })

  test("as the operator names it", () => {
    const made = options({
      containerizers: "mesos",
      imageProviders: "",
      cgroupsEnableCfs: "true",
      effectiveCapabilities: '{"capabilities":["CHOWN"]}',
      imageProvisionerBackend: "bind",
      sandboxDirectory: "/sandbox",
      defaultContainerShmSize: "64MB",
      seccompConfigDir: "/etc/dcos/seccomp",
      allowedDevices:
        '{"allowed_devices":[{"device":{"path":"/dev/null"},"access":{"read":true,"write":true}}]}',
    })
    expect(made).toMatchObject({ docker: false, images: undefined })
    expect(made.runc).toMatchObject({
      enableCfs: true,
      effectiveCapabilities: ["CHOWN"],
      readOnlyRoots: true,
      defaultShmSizeMib: 64,
      sandboxDirectory: "/sandbox",
      seccompConfigDir: "/etc/dcos/seccomp",
      allowedDevices: [
        { device: { path: "/dev/null", type: "c", major: 1, minor: 3 }, access: "rw" },
      ],
    })
  })

  test.each([
    ["containerizers", "composing", "none of mesos, docker"],
    ["containerizers", "docker", "must name mesos"],
    ["cgroupsRoot", "../etc", "one name"],
    ["effectiveCapabilities", '{"capabilities":["FLY"]}', "'FLY' is no capability"],
    ["allowedDevices", '{"allowed_devices":[{"device":{"path":"/etc/passwd"}}]}', "below /dev"],
    ["imageProvisionerBackend", "aufs", "overlay, bind"],
    ["sandboxDirectory", "sandbox", "must be an absolute path"],
    ["sandboxDirectory", "/mnt/../etc", "must be an absolute path"],
    ["defaultContainerShmSize", "0B", "more than nothing"],
    ["seccompProfileName", "site.json", "needs --seccomp-config-dir"],
    ["imageProviders", "appc", "'appc' is not supported"],
    ["networkCniPluginsDir", "/usr/lib/cni:lib", "'lib' must be an absolute path"],
    ["defaultContainerDns", '{"mesos":1}', "'mesos' must be a list"],
    ["containerPidsLimit", "0", "1"],
  ])("not with --%s=%s", (key, value, text) => {
    expect(() => options({ [key]: value })).toThrow(text)
  })

  test("not with a profile of system calls that is none", () => {
    const given = { seccompConfigDir: "/etc", seccompProfileName: "hostname" }
    expect(() => options(given)).toThrow("seccomp profile 'hostname'")
  })
})
