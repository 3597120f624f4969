import { describe, expect, test } from "bun:test"
import { settingsFrom } from "#lib/std/daemon-settings.ts"
import { AGENT_SETTINGS } from "./agent-settings.ts"
import { containerOptions } from "./container-options.ts"

const options = (given: Readonly<Record<string, string>>) =>
  containerOptions(settingsFrom(AGENT_SETTINGS, given), {
    launcher: "posix",
    noNewPrivileges: true,
  })

describe("how containers are run", () => {
  test("without settings: processes, runc and Docker, images of Docker Hub", () => {
    const made = options({})
    expect(made).toMatchObject({ docker: true, launcher: "posix", runc: { noNewPrivileges: true } })
    expect(made.runc).toMatchObject({ cgroupsRoot: "mesos", enableCfs: false, pidsLimit: 8192 })
    expect(made.images).toMatchObject({ plainRegistries: [], gc: undefined })
  })

  test("as the operator names it", () => {
    const made = options({
      containerizers: "mesos",
      imageProviders: "",
      cgroupsEnableCfs: "true",
      effectiveCapabilities: '{"capabilities":["CHOWN"]}',
      allowedDevices:
        '{"allowed_devices":[{"device":{"path":"/dev/null"},"access":{"read":true,"write":true}}]}',
    })
    expect(made).toMatchObject({ docker: false, images: undefined })
    expect(made.runc).toMatchObject({
      enableCfs: true,
      effectiveCapabilities: ["CHOWN"],
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
    ["imageProviders", "appc", "'appc' is not supported"],
    ["containerPidsLimit", "0", "1"],
  ])("not with --%s=%s", (key, value, text) => {
    expect(() => options({ [key]: value })).toThrow(text)
  })
})
