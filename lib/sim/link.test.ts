import { expect, test } from "bun:test"
import type { LinkId } from "#lib/master/index.ts"
import type { AgentToMaster } from "#lib/mesos/index.ts"
import { Life } from "./life.ts"
import { AgentSide, LinkNetwork } from "./link.ts"
import type { Swarm } from "./swarm.ts"
import { testWorld } from "./test-world.ts"
import { Process } from "./process.ts"

const pong = (sequence: number): AgentToMaster => ({ kind: "pong", sequence })

/** One agent and a master that only write down what they hear. */
function bench(swarm: Partial<Swarm> = {}) {
  const world = testWorld({ latencyMaxMs: 50, ...swarm })
  const heard: string[] = []
  const masterLife = new Life("master", world.schedule, { offsetMs: 0, rate: 1 })
  let link = "" as LinkId
  const network = new LinkNetwork(world, {
    life: () => (masterLife.over ? undefined : masterLife),
    opened: (opened) => (link = opened),
    received: (_, messages) => {
      for (const message of messages)
        heard.push(message.kind === "pong" ? String(message.sequence) : message.kind)
      return true
    },
    closed: () => heard.push("master: closed"),
  })
  const life = new Life("node", world.schedule, { offsetMs: 0, rate: 1 })
  const program = { boot: () => {}, ending: () => {}, ended: () => {} }
  const process = new Process(world, "node", { program, crashMark: "crash.agent" })
  process.start()
  const side = new AgentSide(network, {
    process,
    address: "10.0.0.1",
    life,
    endpoint: {
      opened: () => heard.push("agent: opened"),
      received: (messages) => {
        for (const message of messages) heard.push(`agent: ${message.kind}`)
        return true
      },
      closed: () => heard.push("agent: closed"),
      sending: () => {},
    },
  })
  const pass = (ms: number): void => {
    const until = world.schedule.now + ms
    while (world.schedule.step(until));
  }
  side.open()
  pass(100)
  return { world, heard, network, side, life, masterLife, pass, link: () => link }
}

test("frames arrive in order, whatever their delay", () => {
  const { heard, side, pass } = bench({ delay: 0.5, delayMaxMs: 1_000 })
  const sent = Array.from({ length: 50 }, (_, index) => index)
  for (const sequence of sent) side.send([pong(sequence)])
  pass(100_000)
  expect(heard).toEqual(["agent: opened", ...sent.map(String)])
})

test("frames may be repeated or overtaken where a run says so, but never vanish", () => {
  const { heard, side, pass } = bench({ duplicate: 0.3, reorder: 0.3 })
  const sent = Array.from({ length: 50 }, (_, index) => String(index))
  for (const sequence of sent) side.send([pong(Number(sequence))])
  pass(100_000)
  expect(new Set(heard.slice(1))).toEqual(new Set(sent))
  expect(heard.length).toBeGreaterThan(51)
  expect(heard.slice(1, 51)).not.toEqual(sent)
})

test("a link that breaks loses what was under way, tells both ends, and is opened anew", () => {
  const { heard, side, pass, masterLife } = bench({ linkBreakMs: 1 })
  side.send([pong(1)])
  pass(20_000)
  expect(heard).not.toContain("1")
  expect(heard.slice(0, 3).sort()).toEqual(["agent: closed", "agent: opened", "master: closed"])
  expect(heard.filter((what) => what === "agent: opened").length).toBeGreaterThan(1)
  expect(masterLife.over).toBe(false)
})

test("of a half-open link only one end knows for a while", () => {
  const { heard, side, network, pass, link } = bench({ halfOpen: 1 })
  network.close(link())
  pass(500)
  side.send([pong(1)])
  pass(500)
  expect(heard).toEqual(["agent: opened"])
  pass(200_000)
  expect(heard).toEqual(["agent: opened", "agent: closed", "agent: opened"])
})

test("what a partition holds up arrives when it heals, unless the connection died of it", () => {
  const outcomes = new Set<string>()
  for (let attempt = 0; attempt < 20; attempt++) {
    const { world, heard, side, network, pass } = bench()
    for (let draw = 0; draw < attempt; draw++) world.chance.float()
    network.partition("node", ["toMaster"], 5_000)
    side.send([pong(1)])
    pass(4_900)
    expect(heard).not.toContain("1")
    pass(200)
    outcomes.add(heard.includes("1") ? "late" : "lost")
  }
  expect([...outcomes].sort()).toEqual(["late", "lost"])
})

test("an agent whose master is down tries again until it is there", () => {
  const { heard, network, masterLife, pass } = bench()
  masterLife.end()
  network.masterDied()
  pass(60_000)
  expect(heard).toEqual(["agent: opened", "agent: closed"])
})

test("a dead agent sends and hears nothing", () => {
  const { heard, side, life, network, link, pass } = bench()
  side.send([pong(1)])
  network.send(link(), [{ kind: "ping", sequence: 1 }])
  life.end()
  side.send([pong(2)])
  pass(10_000)
  expect(heard).toEqual(["agent: opened", "1"])
})
