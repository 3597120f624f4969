import { expect } from "bun:test"
import { Marathon } from "../fixtures/marathon.ts"
import { SmallDisk, smallDisks } from "../fixtures/small-disk.ts"
import { testWith } from "../fixtures/system-parts.ts"
import { testWorlds } from "../fixtures/world.ts"

const open = testWorlds()

testWith(smallDisks())(
  "a full disk stops the master with the reason, and nothing is lost",
  async () => {
    const world = open()
    using small = new SmallDisk(`${world.path}/master`)
    const master = await world.master()
    const place = await world.place("agent")
    const agent = await world.agent(master, place)
    const marathon = new Marathon(master.marathonUrl)
    const before = await marathon.run({ id: "/kept", cmd: "sleep 600" })

    const empty = small.fill()
    let confirmed = 0
    const put = (): Promise<boolean> =>
      marathon
        .call("PUT", "/v2/apps/refused", {
          cmd: "sleep 600",
          instances: 0,
          env: { N: `${confirmed}` },
        })
        .then(({ status }) => status < 300)
        .catch(() => false)
    while (await put()) confirmed++
    expect(await master.exited).toBe(1)
    expect(master.output()).toContain(
      `the disk of ${world.path}/master/state.db is full: free some space and start again; nothing that was confirmed is lost`,
    )

    // Neither does a new one start there.
    const line = `master --work-dir ${world.path}/master/new --ip 127.0.0.1`
    const { code, stderr } = await world.dcos.run(line.split(" "))
    expect(code).toBe(1)
    expect(stderr).toContain("the disk is full: free some space and start again")

    empty()
    await world.master({ ports: master.ports })
    expect(await marathon.settled("/kept")).toEqual(before)
    if (confirmed > 0) {
      const { app } = await marathon.ok<{ app: { env: { N: string } } }>("GET", "/v2/apps/refused")
      expect(Number(app.env.N)).toBeGreaterThanOrEqual(confirmed - 1)
    }
    await marathon.removeAll()
    expect(agent.output()).not.toContain("error")
  },
)

testWith(smallDisks())(
  "a full disk stops an agent with the reason, and its tasks run on",
  async () => {
    const world = open()
    using small = new SmallDisk(`${world.path}/agent`)
    const master = await world.master()
    const place = await world.place("agent")
    const agent = await world.agent(master, place)
    const marathon = new Marathon(master.marathonUrl)
    // What the agent could not store counts as a failed launch; that is not what is waited for here.
    const definition = { id: "/kept", cmd: "sleep 600", backoffSeconds: 0 }
    const [before] = await marathon.run(definition)

    const empty = small.fill()
    await marathon.ok("PUT", "/v2/apps/kept", { instances: 4 })
    expect(await agent.exited).toBe(1)
    expect(agent.output()).toContain(
      `the disk of ${place.workDir}/meta/agent.db is full: free some space and start again`,
    )
    empty()
    await world.agent(master, place)
    const after = await marathon.settled("/kept")
    expect(after).toHaveLength(4)
    expect(after.map(({ id }) => id)).toContain(before?.id ?? "")
    await marathon.removeAll()
  },
)
