/** An agent is killed again and again while its tasks are launched, killed and end by themselves. */
import { expect } from "bun:test"
import { Random } from "#lib/std/random.ts"
import { busyboxImage, loadBusyboxImage } from "../fixtures/busybox-image.ts"
import { TaskCrowd } from "../fixtures/crashes/tasks.ts"
import type { Daemon } from "../fixtures/daemons.ts"
import { HttpFramework } from "../fixtures/http-framework.ts"
import { command, docker, rootUser, testWith, type Part } from "../fixtures/system-parts.ts"
import { testWorlds } from "../fixtures/world.ts"

const open = testWorlds()

const KILLS = Number(process.env["DCOS_AGENT_KILLS"] ?? 200)

/** The longest life of an agent, in milliseconds. */
const LIFE_MAX_MS = 500

/** Pause between two things that the framework does, at most. */
const PAUSE_MAX_MS = 30

type Containerizer = {
  readonly name: string
  readonly parts: readonly Part[]
  readonly container: object | undefined
  readonly prepare?: () => Promise<unknown>
}

const containerizers: readonly Containerizer[] = [
  { name: "process", parts: [], container: undefined },
  {
    name: "runc",
    parts: [rootUser, command("runc"), command("conmon")],
    container: { type: "MESOS" },
  },
  {
    name: "Docker",
    parts: [await docker(), command("busybox")],
    container: { type: "DOCKER", docker: { image: busyboxImage, network: "HOST" } },
    prepare: loadBusyboxImage,
  },
]

for (const { name, parts, container, prepare } of containerizers)
  testWith(...parts)(
    `${name} tasks come to their true end, whenever their agent is killed`,
    async () => {
      await prepare?.()
      const seed = Number(
        process.env["DCOS_CRASH_SEED"] ?? crypto.getRandomValues(new Uint32Array(1))[0],
      )
      console.log(`${name}: seed ${seed}`)
      const random = new Random(seed)
      const world = open()
      const master = await world.master()
      const place = await world.place("agent", ["--registration-backoff-factor", "20ms"])
      using framework = await HttpFramework.subscribe(master.mesosUrl, {
        info: { capabilities: [{ type: "PARTITION_AWARE" }] },
      })
      const crowd = new TaskCrowd(framework, place.workDir, container)
      for (let life = 0; life < KILLS; life++) {
        // Some agents die while they come up, the others get to do something before.
        const isUp = random.chance(0.5)
        const agent = await (isUp ? world.agent(master, place) : world.startAgent(master, place))
        await liveAndDie(agent, crowd, random)
      }
      await world.agent(master, place)
      await crowd.settle()
      console.log(`${name}: ${JSON.stringify(crowd.tally)}`)
      // A slow machine gets less done between two kills, but not nothing.
      expect(crowd.tally["TASK_FAILED"]).toBeGreaterThan(0)
    },
    600_000,
  )

/** The framework acts for as long as the agent lives. */
async function liveAndDie(agent: Daemon, crowd: TaskCrowd, random: Random): Promise<void> {
  const dead = new AbortController()
  const acting = (async () => {
    while (!dead.signal.aborted) {
      await crowd.act(random)
      await Bun.sleep(random.below(PAUSE_MAX_MS))
    }
  })()
  await Bun.sleep(random.below(LIFE_MAX_MS))
  dead.abort()
  await agent.end("SIGKILL")
  await acting
}
