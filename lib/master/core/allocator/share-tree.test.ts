import { describe, expect, test } from "bun:test"
import { quantitiesOf, type Quantities } from "#lib/mesos/index.ts"
import { Random } from "#lib/std/random.ts"
import { DrfModel } from "./drf-model.ts"
import { ShareTree, type Leaf } from "./share-tree.ts"

/** Amounts in whole units, as the tests' comments count them. */
const amounts = (units: Readonly<Record<string, number>>): Quantities =>
  quantitiesOf(Object.entries(units).map(([name, value]) => [name, value * 1000] as const))

/** A tree whose cluster has 100 cpus and 1000 mem, so that shares are easy to read. */
function cluster(): ShareTree<string> {
  const tree = new ShareTree<string>()
  tree.addTotal(amounts({ cpus: 100, mem: 1000 }))
  return tree
}

function join(tree: ShareTree<string>, role: string, name: string): Leaf<string> {
  const leaf = tree.add(role, name, `${role}:${name}`)
  tree.setActive(leaf, true)
  return leaf
}

function order<T>(tree: ShareTree<T>): T[] {
  const clients: T[] = []
  tree.visit((client) => {
    clients.push(client)
    return false
  })
  return clients
}

describe("the order between roles", () => {
  test("ties go by name", () => {
    const tree = cluster()
    for (const role of ["web", "db", "*"]) join(tree, role, "F")
    expect(order(tree)).toEqual(["*:F", "db:F", "web:F"])
  })

  test("the smallest dominant share comes first, whichever resource dominates", () => {
    const tree = cluster()
    const db = join(tree, "db", "F")
    const web = join(tree, "web", "F")
    const ci = join(tree, "ci", "F")

    // db: cpus 10/100 = 0.1, mem 200/1000 = 0.2, dominant share 0.2
    tree.charge(db, amounts({ cpus: 10, mem: 200 }))
    // web: cpus 15/100 = 0.15, mem 10/1000 = 0.01, dominant share 0.15
    tree.charge(web, amounts({ cpus: 15, mem: 10 }))
    // ci: 0
    expect(order(tree)).toEqual(["ci:F", "web:F", "db:F"])
    expect([...tree.shares()]).toEqual([
      ["db", 0.2],
      ["web", 0.15],
      ["ci", 0],
    ])

    // ci: cpus 30/100 = 0.3
    tree.charge(ci, amounts({ cpus: 30 }))
    expect(order(tree)).toEqual(["web:F", "db:F", "ci:F"])

    // db: mem 100/1000 = 0.1, cpus 0.1, dominant share 0.1
    tree.discharge(db, amounts({ mem: 100 }))
    expect(order(tree)).toEqual(["db:F", "web:F", "ci:F"])
  })

  test("a weight divides the share", () => {
    const tree = cluster()
    const db = join(tree, "db", "F")
    const web = join(tree, "web", "F")
    // db: 0.4, web: 0.3
    tree.charge(db, amounts({ cpus: 40 }))
    tree.charge(web, amounts({ cpus: 30 }))
    expect(order(tree)).toEqual(["web:F", "db:F"])
    // db: 0.4 / 2 = 0.2
    tree.setWeight("db", 2)
    expect(order(tree)).toEqual(["db:F", "web:F"])
    expect(tree.shares().get("db")).toBe(0.2)
  })

  test("a weight set before the role exists counts from its first client on", () => {
    const tree = cluster()
    tree.setWeight("db", 4)
    const db = join(tree, "db", "F")
    tree.charge(db, amounts({ cpus: 40 }))
    expect(tree.shares().get("db")).toBe(0.1)
  })

  test("among equal shares, the one that was served less often comes first", () => {
    const tree = cluster()
    const db = join(tree, "db", "F")
    const web = join(tree, "web", "F")
    // db is served twice, web once; both end at 0.1.
    tree.charge(db, amounts({ cpus: 5 }))
    tree.charge(db, amounts({ cpus: 5 }))
    tree.charge(web, amounts({ cpus: 10 }))
    expect(order(tree)).toEqual(["web:F", "db:F"])
  })

  test("the dominant resource may change when the cluster grows", () => {
    const tree = cluster()
    const db = join(tree, "db", "F")
    const web = join(tree, "web", "F")
    // db: cpus 0.2; web: mem 0.25
    tree.charge(db, amounts({ cpus: 20 }))
    tree.charge(web, amounts({ mem: 250 }))
    expect(order(tree)).toEqual(["db:F", "web:F"])
    // mem grows to 5000: web: 250/5000 = 0.05
    tree.addTotal(amounts({ mem: 4000 }))
    expect(order(tree)).toEqual(["web:F", "db:F"])
    tree.subtractTotal(amounts({ mem: 4000 }))
    expect(order(tree)).toEqual(["db:F", "web:F"])
  })

  test("a resource of which the cluster has nothing left counts for nothing", () => {
    const tree = new ShareTree<string>()
    tree.addTotal(amounts({ cpus: 10 }))
    const db = join(tree, "db", "F")
    tree.charge(db, amounts({ cpus: 5 }))
    tree.subtractTotal(amounts({ cpus: 10 }))
    order(tree)
    expect(tree.shares().get("db")).toBe(0)
  })
})

describe("the order below a role", () => {
  test("frameworks of one role compete by their own shares", () => {
    const tree = cluster()
    const first = join(tree, "web", "F1")
    const second = join(tree, "web", "F2")
    tree.charge(first, amounts({ cpus: 2 }))
    expect(order(tree)).toEqual(["web:F2", "web:F1"])
    tree.charge(second, amounts({ cpus: 3 }))
    expect(order(tree)).toEqual(["web:F1", "web:F2"])
  })

  test("a role counts what its sub-roles have", () => {
    const tree = cluster()
    const team = join(tree, "eng/web", "F")
    join(tree, "eng/db", "F")
    join(tree, "ops", "F")
    // eng: 0.3 through eng/web; ops: 0
    tree.charge(team, amounts({ cpus: 30 }))
    expect(order(tree)).toEqual(["ops:F", "eng/db:F", "eng/web:F"])
    expect(tree.shares().get("eng")).toBe(0.3)
    expect(tree.shares().get("eng/web")).toBe(0.3)
    expect(tree.shares().get("eng/db")).toBe(0)
  })

  test("the frameworks directly in a role compete as one with its sub-roles", () => {
    const tree = cluster()
    const direct = join(tree, "eng", "F1")
    join(tree, "eng", "F2")
    const sub = join(tree, "eng/web", "F3")
    // eng/. (F1 and F2 together): 0.2; eng/web: 0.1
    tree.charge(direct, amounts({ cpus: 20 }))
    tree.charge(sub, amounts({ cpus: 10 }))
    expect(order(tree)).toEqual(["eng/web:F3", "eng:F2", "eng:F1"])
    // eng/web: 0.3
    tree.charge(sub, amounts({ cpus: 20 }))
    expect(order(tree)).toEqual(["eng:F2", "eng:F1", "eng/web:F3"])
  })

  test("weights apply at every level", () => {
    const tree = cluster()
    const web = join(tree, "eng/web", "F")
    const db = join(tree, "eng/db", "F")
    tree.setWeight("eng/web", 3)
    // eng/web: 0.3 / 3 = 0.1, eng/db: 0.2
    tree.charge(web, amounts({ cpus: 30 }))
    tree.charge(db, amounts({ cpus: 20 }))
    expect(order(tree)).toEqual(["eng/web:F", "eng/db:F"])
    expect(tree.shares().get("eng")).toBe(0.5)
  })
})

describe("active and inactive clients", () => {
  test("a new client is not visited until it is active", () => {
    const tree = cluster()
    const leaf = tree.add("web", "F", "web:F")
    expect(order(tree)).toEqual([])
    tree.setActive(leaf, true)
    tree.setActive(leaf, true)
    expect(order(tree)).toEqual(["web:F"])
    tree.setActive(leaf, false)
    expect(order(tree)).toEqual([])
  })

  test("what an inactive client holds still counts for its role", () => {
    const tree = cluster()
    const first = join(tree, "web", "F1")
    join(tree, "web", "F2")
    join(tree, "db", "F3")
    tree.charge(first, amounts({ cpus: 10 }))
    tree.setActive(first, false)
    expect(order(tree)).toEqual(["db:F3", "web:F2"])
  })

  test("a client may be charged while it is inactive, and takes its place afterwards", () => {
    const tree = cluster()
    const web = join(tree, "web", "F")
    join(tree, "db", "F")
    tree.setActive(web, false)
    tree.charge(web, amounts({ cpus: 10 }))
    tree.setActive(web, true)
    expect(order(tree)).toEqual(["db:F", "web:F"])
  })

  test("removing the last client of a role removes the role", () => {
    const tree = cluster()
    const leaf = join(tree, "eng/web", "F")
    join(tree, "eng/db", "F")
    tree.remove(leaf)
    expect(order(tree)).toEqual(["eng/db:F"])
    expect([...tree.shares().keys()]).toEqual(["eng", "eng/db"])
  })

  test("a client with an allocation cannot be removed", () => {
    const tree = cluster()
    const leaf = join(tree, "web", "F")
    tree.charge(leaf, amounts({ cpus: 1 }))
    expect(() => tree.remove(leaf)).toThrow("still has an allocation")
  })

  test("freeing more than was charged is a bug", () => {
    const tree = cluster()
    const leaf = join(tree, "web", "F")
    tree.charge(leaf, amounts({ cpus: 1 }))
    expect(() => tree.discharge(leaf, amounts({ cpus: 2 }))).toThrow("negative allocation")
  })
})

describe("a visit", () => {
  test("ends when the visitor has what it needs", () => {
    const tree = cluster()
    for (const role of ["a", "b", "c"]) join(tree, role, "F")
    const seen: string[] = []
    tree.visit((client) => {
      seen.push(client)
      return client === "b:F"
    })
    expect(seen).toEqual(["a:F", "b:F"])
  })

  test("sorts single leaves as it would meet them", () => {
    const tree = cluster()
    const web = join(tree, "eng/web", "F1")
    const ops = join(tree, "ops", "F2")
    const direct = join(tree, "eng", "F3")
    tree.charge(ops, amounts({ cpus: 5 }))
    tree.charge(web, amounts({ cpus: 1 }))
    const leaves = [ops, web, direct]
    tree.sort(leaves)
    expect(leaves.map(({ client }) => client)).toEqual(order(tree))
  })
})

describe("the totals", () => {
  test("are told by name, with what is allocated", () => {
    const tree = cluster()
    const leaf = join(tree, "web", "F")
    tree.charge(leaf, amounts({ cpus: 5 }))
    expect([...tree.quantities()]).toEqual([
      { name: "cpus", totalMilli: 100_000, allocatedMilli: 5_000 },
      { name: "mem", totalMilli: 1_000_000, allocatedMilli: 0 },
    ])
  })
})

describe("any sequence of changes", () => {
  test.each(Array.from({ length: 40 }, (_, seed) => seed))(
    "seed %d agrees with the model",
    (seed) => {
      const random = new Random(seed)
      const tree = new ShareTree<string>()
      const model = new DrfModel()
      const leaves: Leaf<string>[] = []
      const grow = (units: Record<string, number>): void => {
        tree.addTotal(amounts(units))
        for (const { name, milli } of amounts(units)) model.grow({ [name]: milli })
      }
      grow({ cpus: 50, mem: 400, gpus: 2 })
      const roles = ["*", "a", "a/b", "a/b/c", "a/d", "e", "e/f"]
      for (const role of roles)
        for (const name of ["F1", "F2"]) {
          if (random.chance(0.3)) continue
          leaves.push(join(tree, role, name))
          model.join(role, name)
        }
      for (let step = 0; step < 120; step++) {
        const index = random.below(leaves.length)
        const leaf = leaves[index]!
        const client = model.clients[index]!
        const resource = random.pick(["cpus", "mem", "gpus"])
        const kind = random.below(6)
        if (kind <= 1) {
          const milli = (1 + random.below(5)) * 500
          tree.charge(leaf, [{ name: resource, milli }])
          model.give(client, { [resource]: milli })
        } else if (kind === 2) {
          const milli = client.held[resource] ?? 0
          if (milli > 0) tree.discharge(leaf, [{ name: resource, milli }])
          model.take(client, { [resource]: milli })
        } else if (kind === 3) {
          client.active = !client.active
          tree.setActive(leaf, client.active)
        } else if (kind === 4 && random.chance(0.3)) grow({ [resource]: 1 + random.below(20) })
        else if (kind === 5 && random.chance(0.3)) {
          const weight = 1 + random.below(4)
          tree.setWeight(client.role, weight)
          model.weights.set(client.role, weight)
        }
        expect(order(tree)).toEqual(model.order().map(({ role, name }) => `${role}:${name}`))
      }
    },
  )
})
