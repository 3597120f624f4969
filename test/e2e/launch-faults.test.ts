/** What tasks hear when their container cannot be made: state, source, reason, and words that say why. */
import { afterEach, expect } from "bun:test"
import { existsSync, readdirSync } from "node:fs"
import { FakeRegistry } from "../../lib/io/images/testing/fake-registry.ts"
import { HttpFramework, scalar, type Status } from "../fixtures/http-framework.ts"
import { SmallDisk, smallDisks } from "../fixtures/small-disk.ts"
import { command, docker, rootUser, testWith, type Part } from "../fixtures/system-parts.ts"
import { waitFor } from "../fixtures/wait.ts"
import { testWorlds } from "../fixtures/world.ts"

const clean: (() => void | Promise<void>)[] = []
afterEach(async () => {
  for (const action of clean.splice(0).toReversed()) await action()
})
const open = testWorlds()

const runc = [rootUser, command("runc"), command("conmon")]

/** A registry with an image of each kind of fault. */
function faultyRegistry(): FakeRegistry {
  const registry = new FakeRegistry()
  clean.push(() => registry.stop())
  const file = { path: "file", content: "all of this" }
  for (const name of ["private", "swapped", "cut"])
    registry.offer(`${name}:1`, { layers: [{ entries: [{ ...file, content: name }] }] })
  registry.offer("leaving:1", { layers: [{ entries: [{ ...file, path: "../../escaped" }] }] })
  registry.intercept = (request, { pathname }) => {
    if (pathname.startsWith("/v2/private/"))
      return Response.json(
        { errors: [{ code: "UNAUTHORIZED", message: "authentication required" }] },
        { status: 401, headers: { "www-authenticate": 'Basic realm="test"' } },
      )
    const blob = /^\/v2\/(swapped|cut)\/blobs\/(.+)$/.exec(pathname)
    const bytes = registry.blob(blob?.[2] ?? "")
    // Configurations are not packed.
    if (blob === null || bytes[0] === "{".charCodeAt(0)) return undefined
    const wrong = blob[1] === "cut" ? bytes.slice(0, 20) : bytes.toReversed()
    return new Response(wrong)
  }
  return registry
}

/** A cluster, and what tells how a task ended that could not be launched. */
async function cluster(workDir?: string) {
  const world = open()
  const master = await world.master()
  const own = await world.place("agent")
  const place = { ...own, workDir: workDir ?? own.workDir }
  const agent = await world.agent(master, place)
  const framework = await HttpFramework.subscribe(master.mesosUrl)
  clean.push(() => framework[Symbol.dispose]())
  let tasks = 0
  const end = async (task: object): Promise<Status> => {
    const id = `task-${tasks++}`
    const offer = await framework.offer()
    const info = {
      name: id,
      task_id: { value: id },
      agent_id: offer.agent_id,
      command: { value: "true" },
      resources: [scalar("cpus", 0.1), scalar("mem", 32)],
      ...task,
    }
    await framework.accept(offer, [{ type: "LAUNCH", launch: { task_infos: [info] } }])
    return await waitFor(`the end of ${id}`, () =>
      framework.statuses.find(
        ({ task_id, state }) => task_id.value === id && /FAILED|FINISHED|LOST|ERROR/.test(state),
      ),
    )
  }
  return { world, place, agent, end }
}

const failed = (message: RegExp): object => ({
  state: "TASK_FAILED",
  source: "SOURCE_AGENT",
  reason: "REASON_CONTAINER_LAUNCH_FAILED",
  message: expect.stringMatching(message),
})

type Containerizer = {
  readonly name: string
  readonly parts: readonly Part[]
  /** The container of a task, with an image if one is named. */
  readonly container: (image?: string) => object | undefined
}

const PROCESS: Containerizer = { name: "process", parts: [], container: () => undefined }
const RUNC: Containerizer = {
  name: "runc",
  parts: runc,
  container: (name) => ({
    type: "MESOS",
    ...(name === undefined ? {} : { mesos: { image: { type: "DOCKER", docker: { name } } } }),
  }),
}
const DOCKER: Containerizer = {
  name: "Docker",
  parts: [await docker()],
  container: (image = "dcos-test/none") => ({ type: "DOCKER", docker: { image } }),
}

for (const { name, parts, container } of [PROCESS, RUNC, DOCKER])
  testWith(...parts)(`a file that cannot be fetched fails a task: ${name}`, async () => {
    const { end } = await cluster()
    const value = "/no/such/file"
    const status = await end({
      container: container(),
      command: { value: "true", uris: [{ value }] },
    })
    expect(status).toMatchObject(failed(/^fetching '\/no\/such\/file' failed: /))
  })

for (const { name, parts, container } of [PROCESS, RUNC])
  testWith(...parts)(`an account that is not there fails a task: ${name}`, async () => {
    const { end } = await cluster()
    const status = await end({
      container: container(),
      command: { value: "true", user: "nobody-of-us" },
    })
    expect(status).toMatchObject(failed(/user 'nobody-of-us' does not exist on the agent/))
  })

/** Images, and what is said of each after its name. */
const IMAGE_FAULTS = [
  ["missing:1", /does not exist|not found|unknown/],
  ["private:1", /credentials|unauthorized|authentication/],
  ["swapped:1", /the registry sent sha256:\w+ for the blob sha256:/],
  ["cut:1", /cut:1' cannot be had: .*(bytes|shorter|cut)/],
  ["leaving:1", /outside/],
] as const

for (const { name, parts, container } of [RUNC, DOCKER])
  testWith(...parts)(`an image that cannot be had fails a task: ${name}`, async () => {
    const { end, world, place } = await cluster()
    const registry = faultyRegistry()
    // What a layer is, Docker looks at itself, and asks a registry that sends rubbish for a minute.
    const faults = name === "runc" ? IMAGE_FAULTS : IMAGE_FAULTS.slice(0, 2)
    for (const [fault, words] of faults) {
      const image = `${registry.host}/${fault}`
      const status = await end({ container: container(image) })
      expect(status.message).toContain(image)
      expect(status).toMatchObject(failed(words))
    }
    const store = `${place.workDir}/store/docker`
    if (existsSync(store))
      for (const part of ["staging", "layers", "images"])
        expect(readdirSync(`${store}/${part}`)).toEqual([])
    expect([...new Bun.Glob("**/escaped").scanSync({ cwd: world.path, dot: true })]).toEqual([])
  })

testWith(...runc, smallDisks())(
  "a disk that an image fills up fails a task, and the next one runs",
  async () => {
    using small = new SmallDisk(`/tmp/dcos-small-${crypto.randomUUID()}`, 24)
    const { end, agent } = await cluster(`${small.path}/agent`)
    const registry = new FakeRegistry()
    clean.push(() => registry.stop())
    // Packed it fits: nobody knows before how much it is.
    const large = Buffer.alloc(64 * 1024 * 1024)
    registry.offer("large:1", { layers: [{ entries: [{ path: "large", content: large }] }] })
    const image = `${registry.host}/large:1`
    const status = await end({ container: RUNC.container(image) })
    expect(status).toMatchObject(
      failed(
        /^the image .*large:1' cannot be had: .*the disk of the store of images at .* is full: make room/,
      ),
    )
    expect(readdirSync(`${small.path}/agent/store/docker/staging`)).toEqual([])
    expect((await end({ container: RUNC.container() })).state).toBe("TASK_FINISHED")
    expect(await Promise.race([agent.exited, "runs"])).toBe("runs")
  },
)
