/**
 * An agent and its master are killed in the middle of whatever they do, one or the other or both;
 * reservations, volumes and their data must be as operators were told.
 */
import { test } from "bun:test"
import { crashLoop } from "../fixtures/crashes/crash-loop.ts"
import { Operator } from "../fixtures/crashes/operator.ts"
import { VolumeMatter } from "../fixtures/crashes/volumes.ts"
import type { Daemon, MasterDaemon } from "../fixtures/daemons.ts"
import { testWorlds } from "../fixtures/world.ts"

const KILLS = 40

const open = testWorlds()

test("reservations and volumes outlive agents and masters that are killed", async () => {
  const world = open()
  const place = await world.place("agent", ["--registration-backoff-factor", "20ms"])
  const resources = place.args.map((word) => word.replace("mem:1024", "mem:1024;disk:256"))
  let master: MasterDaemon | undefined
  let ports: MasterDaemon["ports"] | undefined
  let agent: Daemon | undefined
  const operator = new Operator(() => master?.mesosUrl ?? "")
  await crashLoop({
    name: "volumes",
    kills: KILLS,
    matters: [new VolumeMatter(operator, place)],
    delayMaxMs: 20,
    start: async () => {
      master ??= await world.master(ports === undefined ? {} : { ports })
      ports = master.ports
      agent ??= await world.startAgent(master, { ...place, args: resources })
    },
    kill: async (random) => {
      const which = random.pick(["master", "agent", "both"] as const)
      const ends = [
        ...(which === "agent" ? [] : [master?.end("SIGKILL")]),
        ...(which === "master" ? [] : [agent?.end("SIGKILL")]),
      ]
      await Promise.all(ends)
      if (which !== "agent") master = undefined
      if (which !== "master") agent = undefined
    },
  })
}, 90_000)
