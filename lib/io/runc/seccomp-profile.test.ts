import { describe, expect, test } from "bun:test"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { brandId } from "#lib/mesos/index.ts"
import type { AgentId, LinuxInfo, TaskId } from "#lib/mesos/index.ts"
import { profileSeccomp, seccompOf, type SeccompProfile } from "./seccomp-profile.ts"

const PROFILE: SeccompProfile = {
  defaultAction: "SCMP_ACT_ERRNO",
  defaultErrnoRet: 1,
  archMap: [
    { architecture: "SCMP_ARCH_X86_64", subArchitectures: ["SCMP_ARCH_X86"] },
    { architecture: "SCMP_ARCH_AARCH64", subArchitectures: null },
  ],
  syscalls: [
    { names: ["read", "write"], action: "SCMP_ACT_ALLOW", args: null },
    { name: "mount", action: "SCMP_ACT_ALLOW", includes: { caps: ["CAP_SYS_ADMIN"] } },
    {
      names: ["clone3"],
      action: "SCMP_ACT_ERRNO",
      errnoRet: 38,
      excludes: { caps: ["CAP_SYS_ADMIN"] },
    },
    { names: ["arch_prctl"], action: "SCMP_ACT_ALLOW", includes: { arches: ["amd64", "x32"] } },
  ],
}

const namesFor = (capabilities: readonly string[], architecture: string) =>
  profileSeccomp(PROFILE, new Set(capabilities), architecture).syscalls.flatMap(
    ({ names }) => names,
  )

describe("a profile in Docker's format", () => {
  test("counts as far as its conditions are met", () => {
    expect(namesFor([], "x64")).toEqual(["read", "write", "clone3", "arch_prctl"])
    expect(namesFor(["CAP_SYS_ADMIN"], "x64")).toEqual(["read", "write", "mount", "arch_prctl"])
    expect(namesFor([], "arm64")).toEqual(["read", "write", "clone3"])
  })

  test("is for the processor of the machine, and those it can be", () => {
    const { syscalls, ...rest } = profileSeccomp(PROFILE, new Set(), "x64")
    expect(rest).toEqual({
      defaultAction: "SCMP_ACT_ERRNO",
      defaultErrnoRet: 1,
      architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
    })
    expect(syscalls[1]).toEqual({ names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: 38 })
  })
})

/** What a task that says this gets of an agent with these profiles. */
async function choose(
  seccomp: LinuxInfo["seccomp"],
  settings: { readonly seccompProfileName?: string; readonly without?: true } = {},
) {
  const directory = mkdtempSync(`${tmpdir()}/dcos-seccomp-`)
  try {
    await Bun.write(`${directory}/site.json`, JSON.stringify(PROFILE))
    await Bun.write(`${directory}/none.json`, JSON.stringify({ defaultAction: "SCMP_ACT_ALLOW" }))
    const task = {
      name: "t",
      taskId: brandId<TaskId>("t"),
      agentId: brandId<AgentId>("a"),
      container: { type: "MESOS" as const, linuxInfo: { seccomp } },
    }
    const { without, ...more } = settings
    const chosen = seccompOf(
      { task },
      { ...more, seccompConfigDir: without ? undefined : directory },
    )
    return chosen.ok ? (chosen.value(new Set())?.syscalls[0]?.names ?? []) : chosen.error
  } finally {
    rmSync(directory, { recursive: true })
  }
}

describe("the profile of a container", () => {
  test("is its own, the operator's, or the built-in one", async () => {
    expect(await choose({ profileName: "site.json" })).toEqual(["read", "write"])
    expect(await choose(undefined, { seccompProfileName: "site.json" })).toEqual(["read", "write"])
    expect((await choose(undefined)).length).toBeGreaterThan(200)
    expect(await choose({ unconfined: true }, { seccompProfileName: "site.json" })).toEqual([])
  })

  test.each([
    [{ profileName: "../passwd" }, "seccomp profile '../passwd': is no name of a file"],
    [{ profileName: "missing" }, "seccomp profile 'missing': "],
    [{ profileName: "none.json" }, "needs a defaultAction, and syscalls with names"],
    [{ profileName: "site.json", unconfined: true }, "it can be one of both"],
  ])("cannot be %j", async (seccomp, text) => {
    expect(await choose(seccomp)).toContain(text)
  })

  test("needs a directory to be looked for in", async () => {
    expect(await choose({ profileName: "site.json" }, { without: true })).toContain(
      "the agent has no --seccomp_config_dir",
    )
  })
})
