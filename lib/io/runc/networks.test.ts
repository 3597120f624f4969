import { afterAll, expect, test } from "bun:test"
import type { ContainerInfo } from "#lib/mesos/index.ts"
import type { ContainerId, ContainerSpec } from "#lib/ports/index.ts"
import { TestPlace } from "#lib/io/testing/containers.ts"
import { askedNetworks, joinNetworks, withAddress } from "./networks.ts"

const place = new TestPlace()
afterAll(() => place[Symbol.dispose]())

const on = (...names: readonly string[]): ContainerInfo => ({
  type: "MESOS",
  networkInfos: names.map((name) => ({ name })),
})
const spec = (containerId: string, more: Partial<ContainerSpec>): ContainerSpec => ({
  ...place.spec("true"),
  containerId: containerId as ContainerId,
  ...more,
})
const task = (container: ContainerInfo) => ({ ...place.spec("true").task, container })

test("a container on the host's network joins none", () => {
  expect(askedNetworks(spec("a", {}))).toBeUndefined()
  expect(askedNetworks(spec("a", { task: task({ type: "MESOS", networkInfos: [{}] }) }))).toBe(
    undefined,
  )
})

test("a member joins the networks of its group, unless it names its own", () => {
  const member = spec("pod.a", { groupContainer: { ...on("net"), hostname: "pod" } })
  expect(askedNetworks(member)).toEqual({
    owner: "pod" as ContainerId,
    networks: [{ name: "net" }],
    hostname: "pod",
  })
  expect(askedNetworks({ ...member, task: task(on("own")) })).toMatchObject({
    owner: "pod.a",
    networks: [{ name: "own" }],
  })
})

test("a network is refused where the agent has none", async () => {
  const one = spec("a", { task: task(on("net")) })
  expect(await joinNetworks(undefined, one, new AbortController().signal)).toEqual({
    ok: false,
    error: "container network 'net' is not known: this agent has none",
  })
})

test("an executor's members are told the address that is theirs", () => {
  const network = { namespace: "/ns", address: "10.1.0.2", files: [] }
  const environment = { MESOS_CONTAINER_IP: "10.0.0.1" }
  expect(withAddress(spec("pod.a", { environment }), network).environment).toEqual({
    MESOS_CONTAINER_IP: "10.1.0.2",
  })
  expect(withAddress(spec("pod.a", { environment }), undefined).environment).toEqual(environment)
  expect(withAddress(spec("a", {}), network).environment).toEqual({})
})
