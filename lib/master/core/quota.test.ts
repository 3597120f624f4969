import { describe, expect, test } from "bun:test"
import type { quota as v1 } from "#lib/mesos/index.ts"
import { Bench, frameworkInfo, registration, resources, taskInfo } from "./builders.ts"

const scalars = (values: Readonly<Record<string, number>>): NonNullable<v1.QuotaConfig["limits"]> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { value }]))

const config = (
  role: string,
  limits: Readonly<Record<string, number>> = {},
  guarantees: Readonly<Record<string, number>> = {},
): v1.QuotaConfig => ({ role, limits: scalars(limits), guarantees: scalars(guarantees) })

const update = (bench: Bench, configs: readonly v1.QuotaConfig[], force = false) =>
  bench.operate({ kind: "updateQuota", force, quotaConfigs: configs })

const info = frameworkInfo({ roles: ["web"] })

describe("UPDATE_QUOTA", () => {
  test("sets, replaces and removes, and survives a restart", () => {
    const bench = new Bench()
    bench.register()
    expect(
      update(bench, [config("web", { cpus: 4 }, { cpus: 2 }), config("db", { mem: 9 })]),
    ).toEqual({
      status: 200,
    })
    expect(update(bench, [config("db")])).toEqual({ status: 200 })
    const again = new Bench({ store: bench.store })
    expect([...again.master.view.quotas]).toEqual([
      ["web", { guarantees: new Map([["cpus", 2_000]]), limits: new Map([["cpus", 4_000]]) }],
    ])
  })

  test("binds the offers that follow", () => {
    const bench = new Bench()
    update(bench, [config("web", { cpus: 3, mem: 128 })])
    const web = bench.subscribe(info)
    bench.register()
    expect(bench.offers(web)[0]?.resources).toContainEqual(
      expect.objectContaining({ name: "cpus", value: { kind: "scalar", milli: 3_000 } }),
    )
  })

  test("shows in the metrics, with what the role has", () => {
    const bench = new Bench()
    bench.subscribe(info)
    bench.register()
    update(bench, [config("web", { cpus: 8, gpus: 0 }, { cpus: 2 })])
    const metrics = bench.master.view.metrics(0)
    const prefix = "allocator/mesos/quota/roles/web/resources"
    const ofQuota = Object.entries(metrics).filter(([name]) => name.startsWith(prefix))
    expect(Object.fromEntries(ofQuota)).toEqual({
      [`${prefix}/cpus/guarantee`]: 2,
      [`${prefix}/cpus/limit`]: 8,
      [`${prefix}/cpus/offered_or_allocated`]: metrics["allocator/mesos/resources/cpus/total"]!,
      [`${prefix}/gpus/limit`]: 0,
      [`${prefix}/gpus/offered_or_allocated`]: 0,
    })
  })

  test("takes back the offers of a role that is above its limit", () => {
    const bench = new Bench()
    const web = bench.subscribe(info)
    bench.register()
    expect(bench.offers(web)).toHaveLength(1)
    expect(update(bench, [config("web", { cpus: 1 })])).toEqual({ status: 200 })
    expect(bench.events(web.stream, "rescind")).toHaveLength(1)
    bench.advance(2_000)
    expect(bench.offers(web).at(-1)?.resources).toContainEqual(
      expect.objectContaining({ name: "cpus", value: { kind: "scalar", milli: 1_000 } }),
    )
  })

  test("takes back offers that hold what a guarantee is owed", () => {
    const bench = new Bench()
    const web = bench.subscribe(info)
    bench.register()
    update(bench, [config("prod", {}, { cpus: 8 })])
    expect(bench.events(web.stream, "rescind")).toHaveLength(1)
    expect(
      bench
        .offers(web)
        .at(-1)
        ?.resources?.map(({ name }) => name),
    ).not.toContain("cpus")
  })

  test.each([
    [[config("a/b", { cpus: 1 })], "role 'a/b' is not a top-level role"],
    [[config("*", { cpus: 1 })], "the default role '*' can have no quota"],
    [[config("-x", { cpus: 1 })], "starts with a dash"],
    [[config("other", { cpus: 1 })], "Unknown role 'other'"],
    [[config("web", { cpus: 1 }, { cpus: 2 })], "the guarantee of cpus, 2, is above its limit, 1"],
    [[config("web", { cpus: -1 })], "limits.cpus is -1, which is not between 0 and 1000000000000"],
    [[config("web", { mem: 2 ** 41 })], "limits.mem is 2199023255552"],
    [[config("web", {}, { cpus: Number.NaN })], "guarantees.cpus is NaN"],
    [[config("web", { cpus: 1 }), config("web")], "role 'web' is repeated"],
    [
      [config("web", {}, { cpus: 5 }), config("db", {}, { cpus: 5 })],
      "add up to 10, more than the cluster's 8",
    ],
  ])("refuses %j: all or nothing", (configs, message) => {
    const bench = new Bench({ master: { roles: ["web", "db", "api"] } })
    bench.register()
    expect(update(bench, [config("api", { cpus: 7 }), ...configs])).toMatchObject({
      status: 400,
      message: expect.stringContaining(message),
    })
    expect(bench.master.view.quotas.size).toBe(0)
  })

  test("refuses a limit below what runs, unless it is forced", () => {
    const bench = new Bench()
    const web = bench.subscribe(info)
    const agent = bench.register()
    bench.launch(web, [taskInfo("t", agent.id, { resources: resources("cpus:2;mem:64") })])
    expect(update(bench, [config("web", { cpus: 1 })])).toMatchObject({
      status: 400,
      message: expect.stringContaining(
        "role 'web' has 2 of cpus already, more than the limit of 1",
      ),
    })
    expect(update(bench, [config("web", { cpus: 1 })], true)).toEqual({ status: 200 })
  })

  test("forced, promises more than the cluster has", () => {
    const bench = new Bench()
    bench.register()
    expect(update(bench, [config("web", {}, { cpus: 80 })], true)).toEqual({ status: 200 })
  })
})

describe("SET_QUOTA and REMOVE_QUOTA", () => {
  const set = (bench: Bench, guarantee: string, force = false) =>
    bench.operate({
      kind: "setQuota",
      quotaRequest: { role: "web", force, guarantee: resources(guarantee) },
    })

  test("a guarantee is the limit too, once", () => {
    const bench = new Bench()
    bench.register()
    expect(set(bench, "cpus:2")).toEqual({ status: 200 })
    const amounts = new Map([["cpus", 2_000]])
    expect(bench.master.view.quotas.get("web")).toEqual({ guarantees: amounts, limits: amounts })
    expect(set(bench, "cpus:3")).toMatchObject({
      status: 400,
      message: expect.stringContaining("has a quota already"),
    })
    expect(bench.operate({ kind: "removeQuota", role: "web" })).toEqual({ status: 200 })
    expect(bench.operate({ kind: "removeQuota", role: "web" })).toEqual({ status: 200 })
    expect(bench.master.view.quotas.size).toBe(0)
    expect([...bench.store.keys()].filter((key) => key.startsWith("/quota/"))).toEqual([])
  })

  test("an overcommitted guarantee is a conflict, unless it is forced", () => {
    const bench = new Bench()
    bench.register()
    expect(set(bench, "cpus:80")).toMatchObject({ status: 409 })
    expect(set(bench, "cpus:80", true)).toEqual({ status: 200 })
  })

  test.each([
    ["ports:[1-2]", "is not a scalar"],
    ["cpus(db):1", "may have no reservation"],
  ])("refuses %s", (guarantee, message) => {
    expect(set(new Bench(), guarantee)).toMatchObject({
      status: 400,
      message: expect.stringContaining(message),
    })
  })
})

test("with quotas, a restarted master offers nothing until 4 of 5 agents are back", () => {
  const bench = new Bench()
  const agents = [1, 2, 3, 4, 5].map((n) =>
    bench.register({ info: { ...registration().info, hostname: `a${n}` } }),
  )
  update(bench, [config("web", { cpus: 100 })])
  const again = new Bench({ store: bench.store, now: bench.now })
  const web = again.subscribe(info)
  for (const [n, { id }] of agents.entries()) {
    again.register({ agentId: id, info: { ...registration().info, id, hostname: `a${n + 1}` } })
    expect(again.offers(web).length > 0).toBe(n >= 3)
  }
})
