import { expect, test } from "bun:test"
import type { CommandLine } from "../fixtures/command-line.ts"
import { Marathon } from "../fixtures/marathon.ts"
import { waitFor } from "../fixtures/wait.ts"
import { testWorlds } from "../fixtures/world.ts"

const open = testWorlds()

test("three agents are three nodes: one instance on each host, reached at its address", async () => {
  const world = open()
  const { dcos } = world
  const master = await world.master()
  const marathon = new Marathon(master.marathonUrl)
  const hosts = ["127.0.0.1", "127.0.0.2", "127.0.0.3"]
  await Promise.all(
    hosts.map(async (host) => {
      const place = await world.place(host, ["--hostname", host, "--attributes", `rack:r${host}`])
      await world.agent(master, place)
    }),
  )
  await dcos.ok(`cluster setup ${master.routerUrl}`)
  const nodes = await dcos.json<readonly { hostname: string; type: string }[]>("node list --json")
  const agents = nodes.filter(({ type }) => type === "agent")
  expect(agents.map(({ hostname }) => hostname).sort()).toEqual(hosts)

  await dcos.ok("package install helloworld --yes")
  await marathon.settled("/helloworld")
  await marathon.ok("PUT", "/v2/apps/helloworld", {
    instances: 3,
    constraints: [["hostname", "UNIQUE"]],
  })
  const tasks = await marathon.settled("/helloworld")
  expect(tasks.map(({ host }) => host).sort()).toEqual(hosts)
  for (const { id, host, ports } of tasks) {
    const page = await fetch(`http://${host}:${ports[0]}/`, {
      headers: { accept: "application/json" },
    })
    expect(await page.json()).toMatchObject({ instance: id, host, port: ports[0] })
  }

  // A fourth has no host of its own; the reason is the constraint, and three go on.
  await dcos.ok("marathon app update helloworld instances=4 --force")
  await expectSummary(dcos, "CONSTRAINTS", "0 / 3")
  expect((await marathon.healthyTasks("/helloworld")).length).toBe(3)
})

/** Waits until the debug summary of helloworld has a row with these texts. */
async function expectSummary(dcos: CommandLine, ...texts: readonly string[]): Promise<void> {
  let summary = ""
  await waitFor(`the summary to say ${texts.join(" ")}`, async () => {
    summary = await dcos.ok("marathon debug summary helloworld")
    return summary.split("\n").some((line) => texts.every((text) => line.includes(text)))
  }).catch(() => expect(summary).toContain(texts.join(" ")))
}
