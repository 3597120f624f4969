/** Images of a real registry, unpacked by the executable and mounted as containers mount them. */
import { afterEach, beforeEach, expect } from "bun:test"
import { mkdirSync, readFileSync, readdirSync, writeFileSync, existsSync, lstatSync } from "node:fs"
import { DiskImageStore, type DiskImageStoreOptions } from "../../lib/io/index.ts"
import type { ImageRoot } from "../../lib/ports/index.ts"
import { busyboxImage, loadBusyboxImage, rootFileSystem } from "../fixtures/busybox-image.ts"
import { spawnDaemon, temporaryFolder } from "../fixtures/daemons.ts"
import { processesOf } from "../fixtures/leaks.ts"
import { Registry, TokenServer, type RegistryLogin } from "../fixtures/registry.ts"
import { command, docker, dockerSocket, rootUser, testWith } from "../fixtures/system-parts.ts"
import { waitFor } from "../fixtures/wait.ts"
import { executable } from "../fixtures/world.ts"

const parts = [rootUser, command("docker-registry"), command("busybox")]
const unpacker = [executable, "unpack-layer"]

let folder = ""
let registry: Registry | undefined
let clean: (() => void)[] = []

beforeEach(() => {
  const made = temporaryFolder()
  folder = made.path
  clean = [() => made.remove()]
})
afterEach(async () => {
  await registry?.end()
  registry = undefined
  for (const action of clean.toReversed()) action()
})

async function startRegistry(login?: RegistryLogin): Promise<Registry> {
  registry = await Registry.start(`${folder}/registry`, login)
  return registry
}

const open = (options: Partial<DiskImageStoreOptions> = {}): DiskImageStore =>
  new DiskImageStore({ directory: `${folder}/store`, unpacker, ...options })

const pull = (store: DiskImageStore, reference: string) =>
  store.pull({ holder: "test", reference, cached: true }, new AbortController().signal)

async function pulled(store: DiskImageStore, reference: string): Promise<ImageRoot> {
  const result = await pull(store, reference)
  if (!result.ok) throw new Error(result.error.message)
  return result.value
}

/** A tar of files made by a shell script in an empty directory. */
async function tarOf(script: string): Promise<Uint8Array<ArrayBuffer>> {
  const made = temporaryFolder()
  try {
    const child = Bun.spawn(["sh", "-ec", `${script}\ntar --sort=name --xattrs -c .`], {
      cwd: made.path,
      stdout: "pipe",
    })
    return new Uint8Array(await new Response(child.stdout).arrayBuffer())
  } finally {
    made.remove()
  }
}

/** Mounts the layers of an image and returns where. */
function mount({ layers }: ImageRoot): string {
  const place = `${folder}/mount`
  for (const name of ["merged", "upper", "work"]) mkdirSync(`${place}/${name}`, { recursive: true })
  // The names of the layers, from the directory that all of them share.
  const lower = layers.toReversed().map(({ path }) => path.split("/").slice(-2).join("/"))
  const options = `lowerdir=${lower.join(":")},upperdir=${place}/upper,workdir=${place}/work`
  const mounted = Bun.spawnSync(
    ["mount", "-t", "overlay", "-o", options, "overlay", `${place}/merged`],
    {
      cwd: layers[0]!.path.split("/").slice(0, -2).join("/"),
    },
  )
  expect(mounted.stderr.toString()).toBe("")
  clean.push(() => Bun.spawnSync(["umount", `${place}/merged`]))
  return `${place}/merged`
}

const inside = (root: string, ...argv: readonly string[]): string =>
  Bun.spawnSync(["chroot", root, ...argv]).stdout.toString()

const basic = { kind: "basic", user: "me", password: "secret" } as const
const configFor = (host: string): string =>
  JSON.stringify({ auths: { [host]: { auth: btoa("me:secret") } } })

const base = async () => ({ tar: new Uint8Array(await rootFileSystem()) })

testWith(...parts)("an image of a registry runs as its layers say", async () => {
  const { host } = await startRegistry()
  const change = await tarOf(
    "mkdir www bin; echo new >www/.wh..wh..opq; echo hi >www/index; : >bin/.wh.vi",
  )
  const old = await tarOf("mkdir www; echo old >www/old")
  const digest = await registry!.push("team/app:1", {
    layers: [await base(), { tar: old }, { tar: change }],
    config: { Cmd: ["/bin/sh"], Env: ["PATH=/bin"] },
  })
  const root = await pulled(open(), `${host}/team/app:1`)
  expect(root).toMatchObject({
    digest,
    config: { command: ["/bin/sh"], environment: { PATH: "/bin" } },
  })
  const merged = mount(root)
  expect(inside(merged, "/bin/ls", "/www")).toBe("index\n")
  expect(inside(merged, "/bin/cat", "/www/index")).toBe("hi\n")
  expect(existsSync(`${merged}/bin/vi`)).toBe(false)
  expect(lstatSync(`${merged}/bin/ls`).isSymbolicLink()).toBe(true)
  expect(readFileSync(`${merged}/bin/busybox`).equals(readFileSync("/bin/busybox"))).toBe(true)
  expect(lstatSync(`${merged}/tmp`).mode & 0o7777).toBe(0o1777)
})

testWith(...parts)(
  "an image of a hundred layers can be mounted",
  async () => {
    const { host } = await startRegistry()
    const layers = [await base()]
    for (let index = 0; index < 99; index++)
      layers.push({ tar: await tarOf(`echo ${index} >file${index}`) })
    await registry!.push("deep:1", { layers })
    const merged = mount(await pulled(open(), `${host}/deep:1`))
    expect(readdirSync(merged).filter((name) => name.startsWith("file"))).toHaveLength(99)
  },
  60_000,
)

testWith(...parts)("a registry with names and passwords wants the right ones", async () => {
  const { host } = await startRegistry(basic)
  await registry!.push("app:1", { layers: [await base()] })
  const refused = await pull(open(), `${host}/app:1`)
  expect(refused).toMatchObject({ ok: false, error: { code: "unauthorized" } })
  const dockerConfig = configFor(host)
  expect((await pulled(open({ dockerConfig }), `${host}/app:1`)).layers).toHaveLength(1)
  const none = await pull(open({ dockerConfig }), `${host}/app:2`)
  expect(none).toMatchObject({ ok: false, error: { code: "notFound" } })
})

testWith(...parts, command("openssl"))(
  "a registry with a server of tokens is asked with its tokens",
  async () => {
    const server = new TokenServer(folder, basic)
    clean.push(() => void server.stop())
    const { host } = await startRegistry({ kind: "token", server })
    await registry!.push("app:1", { layers: [await base()] })
    expect(await pull(open(), `${host}/app:1`)).toMatchObject({
      ok: false,
      error: { code: "unauthorized" },
    })
    server.asked = 0
    await pulled(open({ dockerConfig: configFor(host) }), `${host}/app:1`)
    expect(server.asked).toBe(1)
  },
)

testWith(
  rootUser,
  await docker(),
  command("busybox"),
)("what docker save writes is an image", async () => {
  await loadBusyboxImage()
  const saved = await fetch(`http://docker/images/${busyboxImage}/get`, { unix: dockerSocket })
  writeFileSync(`${folder}/saved.tar`, Buffer.from(await saved.arrayBuffer()))
  const root = await pulled(open(), `file://${folder}/saved.tar#${busyboxImage}`)
  expect(root.config.command).toEqual(["/bin/sh"])
  expect(inside(mount(root), "/bin/echo", "hello")).toBe("hello\n")
})

/** The kills of one run; each is at another moment. */
const KILLS = 20

testWith(...parts)(
  "an agent that is killed in the middle of a pull leaves no half layer",
  async () => {
    const { host } = await startRegistry()
    const layers = [await base()]
    for (const name of ["a", "b", "c"])
      layers.push({
        tar: await tarOf(
          `head -c 6000000 /dev/urandom >${name}; mkdir ${name}s; for i in $(seq 300); do echo $i >${name}s/$i; done`,
        ),
      })
    await registry!.push("big:1", { layers })
    const reference = `${host}/big:1`
    const script = new URL("../fixtures/image-puller.ts", import.meta.url).pathname
    const argument = JSON.stringify({ reference, directory: `${folder}/store`, unpacker })
    for (let kill = 0; kill < KILLS; kill++) {
      const agent = spawnDaemon([process.execPath, script, argument])
      await waitFor("the pull", () => agent.output().includes("pulling"))
      await Bun.sleep(kill * 12)
      expect(agent.output()).not.toContain("cannot")
      await agent.end("SIGKILL")
      await waitFor("the unpackers to end", () => processesOf(`${folder}/store`).length === 0)
      checkLayers(`${folder}/store/layers`)
    }
    const root = await pulled(open(), reference)
    expect(root.layers).toHaveLength(4)
    expect(readdirSync(`${folder}/store/staging`)).toEqual([])
    expect(readdirSync(`${folder}/store/layers`)).toHaveLength(4)
  },
  120_000,
)

/** Every layer is whole, whatever happened. */
function checkLayers(place: string): void {
  for (const name of existsSync(place) ? readdirSync(place) : []) {
    expect(existsSync(`${place}/${name}/layer.json`)).toBe(true)
    expect(existsSync(`${place}/${name}/blob`)).toBe(false)
    const own = ["a", "b", "c"].find((one) => existsSync(`${place}/${name}/fs/${one}`))
    if (own === undefined) expect(existsSync(`${place}/${name}/fs/bin/busybox`)).toBe(true)
    else {
      expect(lstatSync(`${place}/${name}/fs/${own}`).size).toBe(6_000_000)
      expect(readdirSync(`${place}/${name}/fs/${own}s`)).toHaveLength(300)
    }
  }
}
