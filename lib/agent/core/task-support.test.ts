import { describe, expect, test } from "bun:test"
import { brandId, type ContainerInfo, type ExecutorId } from "#lib/mesos/index.ts"
import { chooseMemberRuntime, chooseRuntime, type RuntimeOffer } from "./task-support.ts"

const ALL: RuntimeOffer = { runtimes: new Set(["process", "runc", "docker"]) }
const NO_RUNC: RuntimeOffer = { runtimes: new Set(["process", "docker"]) }
const BARE: RuntimeOffer = { runtimes: new Set(["process"]) }

const image: Partial<ContainerInfo> = {
  mesos: { image: { type: "DOCKER", docker: { name: "busybox" } } },
}

function choose(container: ContainerInfo | undefined, offer: RuntimeOffer): string {
  const choice = chooseRuntime({ container }, offer)
  return choice.ok ? choice.value.runtime : (choice.error.message ?? "")
}

const mesos = (more: Partial<ContainerInfo> = {}): ContainerInfo => ({ type: "MESOS", ...more })

describe("the runtime of a task", () => {
  test.each([
    ["without a container", undefined, ALL, "process"],
    ["in a Docker container", { type: "DOCKER", docker: { image: "busybox" } }, ALL, "docker"],
    ["in one without Docker, which tells why", { type: "DOCKER" }, BARE, "docker"],
    ["with an image", mesos(image), ALL, "runc"],
    ["with an image where there is no runc", mesos(image), NO_RUNC, "docker"],
    ["in a container without an image", mesos(), ALL, "runc"],
    ["in such a container where there is no runc", mesos(), NO_RUNC, "process"],
    ["under the Linux launcher", undefined, { ...ALL, launcher: "linux" }, "runc"],
    ["under that launcher without runc", undefined, { ...NO_RUNC, launcher: "linux" }, "process"],
  ] as const)("%s", (_what, container, offer, runtime) => {
    expect(choose(container, offer)).toBe(runtime)
  })

  test.each([
    ["an image", mesos(image), "install runc and conmon"],
    ["a filter of system calls", mesos({ linuxInfo: { seccomp: {} } }), "install runc and conmon"],
    ["a network", mesos({ networkInfos: [{ name: "net" }] }), "network 'net', which needs runc"],
    ["an image of type APPC", mesos({ mesos: { image: { type: "APPC" } } }), "use a Docker image"],
  ] as const)(
    "is refused to a task that needs %s where it is missing",
    (_what, container, text) => {
      expect(choose(container, BARE)).toContain(text)
    },
  )
})

describe("the runtime of a member of a group", () => {
  const member = (
    container: ContainerInfo | undefined,
    networkInfos: ContainerInfo["networkInfos"],
    offer: RuntimeOffer,
  ): string => {
    const executor = {
      executorId: brandId<ExecutorId>("pod"),
      container: mesos({ networkInfos }),
    }
    const choice = chooseMemberRuntime({ container }, executor, offer)
    return choice.ok ? choice.value.runtime : (choice.error.message ?? "")
  }

  test.each([
    ["is its own where its executor is on the host's network", undefined, undefined, "process"],
    ["is one with networks where its executor names one", undefined, [{ name: "net" }], "runc"],
    ["is one with networks for its image too", mesos(image), [{ name: "net" }], "runc"],
  ] as const)("%s", (_what, container, networks, runtime) => {
    expect(member(container, networks, ALL)).toBe(runtime)
  })

  test.each([mesos(image), undefined])("cannot be another for a network: %j", (container) => {
    expect(member(container, [{ name: "net" }], NO_RUNC)).toContain("'net', which needs runc")
  })
})
