import { describe, expect, test } from "bun:test"
import { resources } from "#lib/master/core/builders.ts"
import { renderResources, type Resources } from "#lib/mesos/index.ts"
import { isEmptyQuota, QuotaBook, type Round } from "./quota-book.ts"

/** `cpus:4;mem:0` in thousandths. */
const amounts = (text: string): ReadonlyMap<string, number> =>
  new Map(
    text
      .split(";")
      .filter((part) => part !== "")
      .map((part) => {
        const [name = "", units] = part.split(":")
        return [name, 1_000 * Number(units)] as const
      }),
  )

type Setting = {
  /** What the cluster has, all of it free at first. */
  readonly total?: string
  readonly guarantee?: string
  readonly limit?: string
  /** What the role holds of it. */
  readonly held?: string
  /** What another role is promised. */
  readonly others?: string
}

function bookOf({ total = "cpus:10;mem:1000", guarantee = "", limit = "", held, others }: Setting) {
  const book = new QuotaBook()
  book.addTotal(resources(total), 1)
  const account = book.account("web/team")
  if (held !== undefined) book.charge(account, resources(held), 1)
  if (guarantee + limit !== "")
    book.setQuota("web", { guarantees: amounts(guarantee), limits: amounts(limit) })
  if (others !== undefined)
    book.setQuota("other", { guarantees: amounts(others), limits: new Map() })
  return { book, account }
}

const spare = (text: string): Resources =>
  resources(text).map((each) => ({ ...each, revocable: true as const }))

describe("what a role may be given", () => {
  test.each<
    [says: string, setting: Setting, round: Round, free: string, gets: string, why: string]
  >([
    ["no quota anywhere", {}, "fair", "cpus:4;mem:100", "cpus:4;mem:100", ""],
    ["a limit that leaves all", { limit: "cpus:4" }, "fair", "cpus:4", "cpus:4", ""],
    [
      "a limit that leaves half",
      { limit: "cpus:4", held: "cpus:2" },
      "fair",
      "cpus:4",
      "cpus:2",
      "quotaLimit",
    ],
    [
      "a limit that is reached",
      { limit: "cpus:4", held: "cpus:4" },
      "fair",
      "cpus:4;mem:9",
      "mem:9",
      "quotaLimit",
    ],
    [
      "a limit that came too late",
      { limit: "cpus:4", held: "cpus:6" },
      "fair",
      "cpus:4",
      "{}",
      "quotaLimit",
    ],
    [
      "a limit of nothing",
      { limit: "cpus:0;mem:0" },
      "fair",
      "cpus:4;mem:9;ports:[1-2]",
      "ports:[1-2]",
      "quotaLimit",
    ],
    [
      "reservations count for the limit",
      { total: "cpus(web):3;cpus:7", limit: "cpus:4" },
      "fair",
      "cpus:4",
      "cpus:1",
      "quotaLimit",
    ],
    [
      "reservations are not cut by it",
      { total: "cpus(web):9;cpus:1", limit: "cpus:1" },
      "fair",
      "cpus(web):9",
      "cpus(web):9",
      "",
    ],
    ["others are promised half", { others: "cpus:6" }, "fair", "cpus:5", "cpus:4", "quotaHeadroom"],
    [
      "others are promised everything",
      { others: "cpus:10" },
      "fair",
      "cpus:5;mem:9",
      "mem:9",
      "quotaHeadroom",
    ],
    [
      "others are promised too much",
      { others: "cpus:99" },
      "fair",
      "cpus:5",
      "{}",
      "quotaHeadroom",
    ],
    [
      "own promise out of others' reach",
      { guarantee: "cpus:6", others: "cpus:4" },
      "fair",
      "cpus:9",
      "cpus:6",
      "quotaHeadroom",
    ],
    [
      "first only what is owed",
      { guarantee: "cpus:3", held: "cpus:1" },
      "guarantees",
      "cpus:9",
      "cpus:2",
      "quotaHeadroom",
    ],
    [
      "owed in one, free in the other",
      { guarantee: "cpus:3" },
      "guarantees",
      "cpus:9;mem:50",
      "cpus:3;mem:50",
      "quotaHeadroom",
    ],
    [
      "a promise kept already",
      { guarantee: "cpus:3", held: "cpus:3" },
      "guarantees",
      "cpus:9",
      "{}",
      "quotaHeadroom",
    ],
    ["then what is left", { guarantee: "cpus:3", held: "cpus:3" }, "fair", "cpus:7", "cpus:7", ""],
    [
      "a limit below what is free",
      { guarantee: "cpus:3", limit: "cpus:5" },
      "fair",
      "cpus:9",
      "cpus:5",
      "quotaLimit",
    ],
  ])("%s", (_, setting, round, free, gets, why) => {
    const { book, account } = bookOf(setting)
    const allowance = book.allowance(account, resources(free), round)
    expect(renderResources(allowance.resources)).toBe(gets)
    expect(allowance.refusal ?? "").toBe(why)
  })

  test("revocable resources are no matter of quota", () => {
    const { book, account } = bookOf({ limit: "cpus:0", others: "cpus:10" })
    const free = spare("cpus:4")
    expect(book.allowance(account, free, "fair")).toEqual({ resources: free })
    book.charge(account, free, 1)
    expect(account.consumed("cpus")).toBe(0)
  })

  test("two parts of one agent do not get the same allowance twice", () => {
    const { book, account } = bookOf({ total: "disk:100", limit: "disk:50" })
    const path = { source: { type: "PATH" as const, path: { root: "/a" } } }
    const free = [
      ...resources("disk:40"),
      ...resources("disk:40").map((each) => ({ ...each, disk: path })),
    ]
    const { resources: given } = book.allowance(account, free, "fair")
    expect(given.map(({ value }) => (value.kind === "scalar" ? value.milli : 0))).toEqual([
      40_000, 10_000,
    ])
  })

  test("a disk that exists only as a whole is not cut", () => {
    const { book, account } = bookOf({ total: "disk:100", limit: "disk:50" })
    const mount = { source: { type: "MOUNT" as const, mount: { root: "/m" } } }
    const free = resources("disk:60").map((each) => ({ ...each, disk: mount }))
    expect(book.allowance(account, free, "fair")).toEqual({ resources: [], refusal: "quotaLimit" })
  })
})

describe("the surplus", () => {
  test("is what is free beyond what is owed, through every change", () => {
    const book = new QuotaBook()
    const web = book.account("web")
    const seen: [says: string, cpus: number][] = []
    const step = (says: string, change: () => void): void => {
      change()
      seen.push([says, book.surplus("cpus") / 1_000])
    }
    const quota = (cpus: string) => ({ guarantees: amounts(cpus), limits: new Map() })
    step("an agent joins", () => book.addTotal(resources("cpus:10"), 1))
    step("web is promised 4", () => book.setQuota("web", quota("cpus:4")))
    step("web gets 3 of them", () => book.charge(web, resources("cpus:3"), 1))
    step("another role gets 5", () => book.charge(book.account("db"), resources("cpus:5"), 1))
    step("an agent with a reservation for web joins", () =>
      book.addTotal(resources("cpus(web):2"), 1),
    )
    step("web is promised 9", () => book.setQuota("web", quota("cpus:9")))
    step("web gives back 3", () => book.charge(web, resources("cpus:3"), -1))
    step("the reservation leaves", () => book.addTotal(resources("cpus(web):2"), -1))
    step("web is promised nothing", () => book.setQuota("web", undefined))
    expect(seen).toEqual([
      ["an agent joins", 10],
      ["web is promised 4", 6],
      ["web gets 3 of them", 6],
      ["another role gets 5", 1],
      // The reservation keeps the rest of the promise: nothing is owed any more.
      ["an agent with a reservation for web joins", 2],
      ["web is promised 9", -2],
      ["web gives back 3", -2],
      ["the reservation leaves", -4],
      ["web is promised nothing", 5],
    ])
  })
})

describe("who is told to ask again", () => {
  test("nobody, while nobody was refused", () => {
    const { book, account } = bookOf({ limit: "cpus:4", held: "cpus:1" })
    book.takeWakes()
    book.charge(account, resources("cpus:1"), -1)
    book.addTotal(resources("cpus:9"), 1)
    expect(book.wakes).toBe(false)
  })

  test("a role that was at its limit and gives something back, once", () => {
    const { book, account } = bookOf({ limit: "cpus:4", held: "cpus:4" })
    book.takeWakes()
    book.allowance(account, resources("cpus:1"), "fair")
    expect(book.wakes).toBe(false)
    book.charge(account, resources("cpus:2"), -1)
    expect(book.takeWakes()).toEqual(new Set([account]))
    book.charge(account, resources("cpus:1"), -1)
    expect(book.wakes).toBe(false)
  })

  test("everybody, once headroom has refused somebody and then grows", () => {
    const { book, account } = bookOf({ others: "cpus:10" })
    book.takeWakes()
    book.allowance(account, resources("cpus:1"), "fair")
    expect(book.wakes).toBe(false)
    book.addTotal(resources("cpus:1"), 1)
    expect([book.takeWakes(), book.wakes]).toEqual(["all", false])
  })

  test("everybody, when a quota is another", () => {
    const { book } = bookOf({})
    expect(book.wakes).toBe(false)
    book.setQuota("db", { guarantees: new Map(), limits: amounts("cpus:1") })
    expect(book.takeWakes()).toBe("all")
  })
})

describe("accounts", () => {
  test("belong to the first component of a role", () => {
    const book = new QuotaBook()
    expect(book.account("a/b/c")).toBe(book.account("a"))
    expect(book.account("ab")).not.toBe(book.account("a"))
  })

  test("never go below nothing, and quotas are set on top-level roles alone", () => {
    const { book, account } = bookOf({ held: "cpus:1" })
    expect(() => book.charge(account, resources("cpus:2"), -1)).toThrow("less than no cpus")
    expect(() => book.setQuota("a/b", undefined)).toThrow("no top-level role")
  })

  test("a recount finds what is miscounted", () => {
    const { book, account } = bookOf({ held: "cpus:1" })
    const held = [account, resources("cpus:1")] as const
    const totals = [resources("cpus:10;mem:1000")]
    book.check(totals, [[{ account }, held[1]]])
    expect(() => book.check(totals, [])).toThrow("miscounted")
    expect(() => book.check([], [[{ account }, held[1]]])).toThrow("miscounted")
  })
})

test.each([
  ["", "", true],
  ["cpus:1", "", false],
  ["", "cpus:0", false],
])("a quota with guarantees %j and limits %j says nothing: %p", (guarantees, limits, empty) => {
  expect(isEmptyQuota({ guarantees: amounts(guarantees), limits: amounts(limits) })).toBe(empty)
})
