/** What DOCKER containers may ask for, on a real daemon. */
import { afterEach, expect } from "bun:test"
import { mkdirSync, readFileSync } from "node:fs"
import { busyboxImage, loadBusyboxImage, rootFileSystem } from "../fixtures/busybox-image.ts"
import { temporaryFolder } from "../fixtures/daemons.ts"
import { Marathon } from "../fixtures/marathon.ts"
import { Registry } from "../fixtures/registry.ts"
import { bridge, command, docker, dockerSocket, testWith } from "../fixtures/system-parts.ts"
import { waitFor } from "../fixtures/wait.ts"
import { testWorlds, type World } from "../fixtures/world.ts"

const parts = [await docker(), command("busybox")]
const withRegistry = [...parts, command("docker-registry")]

const open = testWorlds()
const clean: (() => unknown)[] = []
afterEach(async () => {
  for (const action of clean.splice(0).toReversed()) await action()
})

/** A cluster with Docker, and the image loaded. */
async function dockerCluster() {
  await loadBusyboxImage()
  const world = open()
  const { marathonUrl, mesosUrl } = await world.up()
  return { world, marathon: new Marathon(marathonUrl), mesosUrl }
}

const call = (method: string, path: string, body?: object): Promise<Response> =>
  fetch(`http://docker${path}`, {
    unix: dockerSocket,
    method,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  })

/** An app of one container; what is given goes into `container.docker`. */
const boxed = (cmd: string, given: object = {}, more: object = {}) => ({
  id: "/boxed",
  cmd,
  cpus: 0.1,
  mem: 32,
  backoffSeconds: 300,
  container: { type: "DOCKER", docker: { image: busyboxImage, ...given } },
  networks: [{ mode: "host" }],
  ...more,
})

/** What the task of an app wrote, once it has written a line that is "done". */
const writtenBy = (world: World, app: string): Promise<string> =>
  waitFor(`${app} to be done`, () => {
    const [path] = [...new Bun.Glob(`**/${app}.*/runs/*/stdout`).scanSync({ cwd: world.path })]
    const text = path === undefined ? "" : readFileSync(`${world.path}/${path}`, "utf8")
    return text.includes("done\n") ? text.replace("done\n", "") : undefined
  })

const written = (world: World): Promise<string> => writtenBy(world, "boxed")

const stay = "echo done; exec sleep 600"

const failureOf = (marathon: Marathon) =>
  waitFor("the failure", async () => (await marathon.app("/boxed")).lastTaskFailure)

testWith(...parts)("parameters are those of docker run", async () => {
  const { world, marathon } = await dockerCluster()
  const parameters = [
    { key: "user", value: "1234:5678" },
    { key: "env", value: "GREETING=hello" },
    { key: "tmpfs", value: "/scratch:size=1m,mode=1777" },
    { key: "mount", value: "type=volume,target=/keep" },
    { key: "ulimit", value: "nofile=321:432" },
    { key: "cap-drop", value: "ALL" },
    { key: "read-only", value: "true" },
    { key: "shm-size", value: "3m" },
    { key: "add-host", value: "db.example:10.9.8.7" },
    { key: "workdir", value: "/www" },
    { key: "label", value: "team=web" },
  ]
  const show = [
    "id -u; id -g; echo $GREETING; pwd; ulimit -n; grep -c /keep /proc/mounts",
    "grep CapBnd /proc/self/status; touch /x 2>/dev/null || echo read-only; touch /scratch/x && echo ok",
    "df -k /dev/shm | tail -n 1 | tr -s ' ' | cut -d' ' -f2; grep db.example /etc/hosts | cut -f1",
  ]
  await marathon.run(boxed(`${show.join("; ")}; ${stay}`, { parameters }))
  const expected = "1234 5678 hello /www 321 1 CapBnd:\t0000000000000000 read-only ok 3072 10.9.8.7"
  expect((await written(world)).split("\n")).toEqual([...expected.split(" "), ""])
})

testWith(...parts)("a parameter that cannot be is refused by name", async () => {
  const { marathon } = await dockerCluster()
  const parameters = [{ key: "restart", value: "always" }]
  await marathon.ok("POST", "/v2/apps", boxed("sleep 600", { parameters }))
  const { state, message } = await failureOf(marathon)
  expect([state, message]).toEqual([
    "TASK_FAILED",
    expect.stringContaining("Docker parameter 'restart' cannot be used: the scheduler decides"),
  ])
})

/** What the daemon says to a privileged container: not every machine may have one. */
async function privilegedProblem(): Promise<string> {
  const body = { Image: busyboxImage, Cmd: ["true"], HostConfig: { Privileged: true } }
  const { Id } = (await (await call("POST", "/containers/create", body)).json()) as { Id: string }
  const started = await call("POST", `/containers/${Id}/start`)
  const { message = "" } = started.ok ? {} : ((await started.json()) as { message?: string })
  await call("DELETE", `/containers/${Id}?force=true`)
  return message
}

testWith(...parts)("a container is privileged when it says so, and only then", async () => {
  const { world, marathon } = await dockerCluster()
  const app = boxed(`grep CapEff /proc/self/status | cut -f2; ls /dev | wc -l; ${stay}`)
  await marathon.run({ ...app, id: "/plain" })
  const [plain = "", devices = ""] = (await writtenBy(world, "plain")).split("\n")
  expect(plain).toBe("00000000a80425fb")
  const docker = { ...app.container.docker, privileged: true }
  await marathon.ok("POST", "/v2/apps", { ...app, container: { ...app.container, docker } })
  const problem = await privilegedProblem()
  if (problem !== "") {
    // The daemon was asked for one, or it would have started.
    const { message } = await failureOf(marathon)
    return expect(message).toContain("unable to apply caps")
  }
  const [all = "", more = ""] = (await writtenBy(world, "boxed")).split("\n")
  expect(BigInt(`0x${all}`)).toBeGreaterThan(BigInt(`0x${plain}`))
  expect(Number(more)).toBeGreaterThan(Number(devices))
})

testWith(await bridge(), command("busybox"))(
  "containers on a network of the user's find each other by name",
  async () => {
    const { world, marathon } = await dockerCluster()
    const name = `dcos-test-${process.pid}`
    await call("POST", "/networks/create", { Name: name, Driver: "bridge" })
    clean.push(() => call("DELETE", `/networks/${name}`))
    const on = (id: string, cmd: string, alias: string) => ({
      ...boxed(cmd, {
        image: busyboxImage,
        parameters: [{ key: "network-alias", value: alias }],
      }),
      id,
      networks: [{ mode: "container", name }],
    })
    const serve = "echo from-the-network >/www/index.html; exec httpd -f -p 80 -h /www"
    const [server] = await marathon.run(on("/server", serve, "web"))
    expect(server?.host).toBeDefined()
    const ask = "until wget -qO- http://web/ 2>/dev/null; do sleep 0.1; done"
    await marathon.run(on("/client", `${ask}; ${stay}`, "client"))
    expect(await writtenBy(world, "client")).toBe("from-the-network\n")
    await marathon.removeAll()
  },
)

testWith(await bridge(), command("busybox"))(
  "a container on a network that does not exist says which",
  async () => {
    const { marathon } = await dockerCluster()
    const networks = [{ mode: "container", name: "no-such-network" }]
    await marathon.ok("POST", "/v2/apps", boxed("sleep 600", {}, { networks }))
    expect((await failureOf(marathon)).message).toContain("network no-such-network not found")
  },
)

const login = { kind: "basic", user: "reader", password: "secret" } as const

/** A registry that wants a password, with the image "app:1" in it. */
async function privateRegistry(): Promise<Registry> {
  const folder = temporaryFolder()
  const registry = await Registry.start(folder.path, login)
  clean.push(async () => {
    await registry.end()
    await call("DELETE", `/images/${registry.host}/app:1?force=true`)
    folder.remove()
  })
  const tar = new Uint8Array(await rootFileSystem())
  await registry.push("app:1", { layers: [{ tar }], config: { Env: ["PATH=/bin", "OF=registry"] } })
  return registry
}

testWith(...withRegistry)(
  "an image is pulled with the credentials that its task brings",
  async () => {
    const registry = await privateRegistry()
    const { world, marathon } = await dockerCluster()
    const auth = btoa(`${login.user}:${login.password}`)
    const folder = temporaryFolder()
    clean.push(() => folder.remove())
    const config = `${folder.path}/docker.tar`
    mkdirSync(`${folder.path}/.docker`)
    await Bun.write(
      `${folder.path}/.docker/config.json`,
      JSON.stringify({ auths: { [registry.host]: { auth } } }),
    )
    Bun.spawnSync(["tar", "-C", folder.path, "-cf", config, ".docker"])
    const image = `${registry.host}/app:1`
    const fetch = [{ uri: `file://${config}`, extract: true }]
    await marathon.run(boxed(`echo $OF; ${stay}`, { image }, { fetch }))
    expect(await written(world)).toBe("registry\n")
  },
)

testWith(...withRegistry)("a registry that wants credentials is named", async () => {
  const registry = await privateRegistry()
  const { marathon } = await dockerCluster()
  const image = `${registry.host}/app:1`
  await marathon.ok("POST", "/v2/apps", boxed("sleep 600", { image }))
  const { state, message } = await failureOf(marathon)
  expect(state).toBe("TASK_FAILED")
  expect(message).toContain(`could not be given image ${image}`)
  expect(message).toMatch(/unauthorized|no basic auth credentials/)
})

testWith(...withRegistry)(
  "an image that is there is not pulled again unless that is forced",
  async () => {
    const folder = temporaryFolder()
    const registry = await Registry.start(folder.path)
    const image = `${registry.host}/changing:1`
    clean.push(async () => {
      await registry.end()
      await call("DELETE", `/images/${image}?force=true`)
      folder.remove()
    })
    const tar = new Uint8Array(await rootFileSystem())
    const push = (age: string) =>
      registry.push("changing:1", {
        layers: [{ tar }],
        config: { Env: ["PATH=/bin", `AGE=${age}`] },
      })
    const { world, marathon } = await dockerCluster()
    const run = async (id: string, given: object): Promise<string> => {
      await marathon.run({ ...boxed(`echo $AGE; ${stay}`, { image, ...given }), id: `/${id}` })
      return writtenBy(world, id)
    }
    await push("old")
    expect(await run("first", {})).toBe("old\n")
    await push("new")
    expect(await run("cached", {})).toBe("old\n")
    expect(await run("forced", { forcePullImage: true })).toBe("new\n")
  },
)
