import { describe, expect, test } from "bun:test"
import type { LinuxInfo } from "#lib/mesos/index.ts"
import { capabilitiesOf } from "./capabilities.ts"
import { DEFAULT_CAPABILITIES, DEFAULT_RUNC_SETTINGS } from "./settings.ts"
import type { RuncSettings } from "./settings.ts"

const ROOT = 0
const USER = 1000

function made(linuxInfo: LinuxInfo | undefined, uid: number, more: Partial<RuncSettings> = {}) {
  const container = linuxInfo === undefined ? undefined : { type: "MESOS" as const, linuxInfo }
  return capabilitiesOf(container, { ...DEFAULT_RUNC_SETTINGS, ...more }, uid)
}

const value = (result: ReturnType<typeof made>) => (result.ok ? result.value : undefined)

describe("capabilities", () => {
  test("of root are Docker's when nobody names any; others have none", () => {
    const usual = DEFAULT_CAPABILITIES.map((name) => `CAP_${name}`)
    expect(value(made(undefined, ROOT))).toMatchObject({ bounding: usual, effective: usual })
    expect(value(made(undefined, USER))).toMatchObject({
      bounding: usual,
      effective: [],
      permitted: [],
      ambient: [],
    })
  })

  test("that a task names as effective it has, whoever its user is", () => {
    const linux: LinuxInfo = { effectiveCapabilities: { capabilities: ["NET_ADMIN"] } }
    const names = ["CAP_NET_ADMIN"]
    expect(value(made(linux, USER))).toEqual({
      bounding: names,
      effective: names,
      permitted: names,
      inheritable: names,
      ambient: names,
    })
    // Root gets them without a trace that programs of other users would inherit.
    expect(value(made(linux, ROOT))).toMatchObject({ effective: names, ambient: [] })
  })

  test("are bounded apart from those in effect", () => {
    const linux: LinuxInfo = {
      effectiveCapabilities: { capabilities: ["CHOWN"] },
      boundingCapabilities: { capabilities: ["CHOWN", "KILL"] },
    }
    expect(value(made(linux, ROOT))).toMatchObject({
      bounding: ["CAP_CHOWN", "CAP_KILL"],
      effective: ["CAP_CHOWN"],
    })
  })

  test("are the operator's by default, within his ceiling", () => {
    const settings = { effectiveCapabilities: ["CHOWN", "KILL"], boundingCapabilities: ["KILL"] }
    expect(value(made(undefined, ROOT, settings))).toMatchObject({
      bounding: ["CAP_KILL"],
      effective: ["CAP_KILL"],
    })
  })

  test.each([
    [
      "beyond the operator's ceiling",
      { boundingCapabilities: { capabilities: ["SYS_ADMIN"] } },
      "capability SYS_ADMIN is beyond the agent's --bounding_capabilities",
    ],
    [
      "in effect but not within bounds",
      {
        effectiveCapabilities: { capabilities: ["CHOWN"] },
        boundingCapabilities: { capabilities: ["KILL"] },
      },
      "effective capability CHOWN is not among the bounding capabilities",
    ],
  ] as const)("%s are refused", (_what, linux, error) => {
    const settings = { boundingCapabilities: ["CHOWN", "KILL"] }
    expect(made(linux as LinuxInfo, ROOT, settings)).toEqual({ ok: false, error })
  })
})
