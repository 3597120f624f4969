import { expect } from "bun:test"
import { HttpFramework } from "../fixtures/http-framework.ts"
import { SmallDisk, smallDisks } from "../fixtures/small-disk.ts"
import { testWith } from "../fixtures/system-parts.ts"
import { waitFor } from "../fixtures/wait.ts"
import { testWorlds } from "../fixtures/world.ts"

const open = testWorlds()
const MIB = 1024 * 1024

/** The directory of a task's only run, while it is there. */
const runOf = (workDir: string, task: string): string | undefined =>
  [
    ...new Bun.Glob(`slaves/*/frameworks/*/executors/${task}/runs/*/stdout`).scanSync({
      cwd: workDir,
    }),
  ]
    .filter((path) => !path.includes("/latest/"))
    .at(0)

testWith(smallDisks())(
  "sandboxes of ended tasks are kept until the disk is short of room, also by a later agent",
  async () => {
    const world = open()
    const master = await world.master()
    const place = await world.place("agent", ["--disk-watch-interval", "200ms"])
    using small = new SmallDisk(place.workDir, 48)
    const agent = await world.agent(master, place)
    using framework = await HttpFramework.subscribe(master.mesosUrl)
    const run = async (taskId: string, command: string) =>
      framework.launch(await framework.offer(), { taskId, command })
    await run("ended", "head -c 4194304 /dev/zero >large")
    await framework.until("ended", "TASK_FINISHED")
    await run("running", "sleep 1000")
    await framework.until("running", "TASK_RUNNING")
    await agent.end("SIGKILL")
    await world.agent(master, place)
    const empty = small.fill(12 * MIB)
    expect(runOf(place.workDir, "ended")).toBeDefined()
    empty()
    small.fill(4 * MIB)
    await waitFor("the sandbox to go", () => runOf(place.workDir, "ended") === undefined)
    expect(runOf(place.workDir, "running")).toBeDefined()
    await framework.call({ type: "KILL", kill: { task_id: { value: "running" } } })
    await framework.until("running", "TASK_KILLED")
  },
)
