/** `dcos task exec` and `dcos task attach` through the cluster's one address, with real terminals. */
import { afterEach, describe, expect, test } from "bun:test"
import { busyboxImage, loadBusyboxImage } from "../fixtures/busybox-image.ts"
import { Marathon } from "../fixtures/marathon.ts"
import { Pty } from "../fixtures/pty.ts"
import { command, docker, rootUser, testWith } from "../fixtures/system-parts.ts"
import { waitFor } from "../fixtures/wait.ts"
import { executable, testWorlds, type World } from "../fixtures/world.ts"

const open = testWorlds()
const daemon = await docker()
const ptys = new Set<Pty>()
afterEach(() => {
  for (const pty of ptys) pty.end()
  ptys.clear()
})

/** A cluster with an app that does nothing, and a user of it. */
async function scene(app: object = {}) {
  const world = open()
  const up = await world.up()
  await world.dcos.ok(`cluster setup ${up.routerUrl}`)
  const marathon = new Marathon(up.marathonUrl)
  await marathon.run({ id: "/web", cmd: "echo up >ready; sleep 1000", cpus: 0.1, mem: 32, ...app })
  return { world, up, marathon }
}

/** A command of the user in a terminal. */
function terminal(world: World, ...args: readonly string[]): Pty {
  const pty = new Pty([executable, ...args], { env: world.dcos.env, rows: 30, cols: 100 })
  ptys.add(pty)
  return pty
}

const exec = ["task", "exec"]

describe("dcos task exec", () => {
  test("runs in the task's sandbox and environment, with its streams apart, and passes the exit code on", async () => {
    const { world } = await scene({ env: { GREETING: "moin" } })
    const script = 'cat ready; echo "$GREETING"; echo oops >&2; exit 7'
    const ran = await world.dcos.run([...exec, "web", "sh", "-c", script])
    expect(ran).toEqual({ code: 7, stdout: "up\nmoin\n", stderr: "oops\n" })
    expect((await world.dcos.run([...exec, "web", "sh", "-c", "kill -9 $$"])).code).toBe(137)
    expect((await world.dcos.run([...exec, "web", "no-such-program"])).code).toBe(127)
  })

  test("passes input and output on byte for byte", async () => {
    const { world } = await scene()
    const bytes = crypto.getRandomValues(new Uint8Array(64 * 1024))
    const all = Buffer.concat(Array.from({ length: 64 }, () => bytes))
    const child = Bun.spawn([executable, ...exec, "-i", "web", "cat"], {
      env: world.dcos.env,
      stdin: new Blob([all]),
      stdout: "pipe",
    })
    const back = await new Response(child.stdout).bytes()
    expect(await child.exited).toBe(0)
    expect(Buffer.compare(back, all)).toBe(0)
  })

  test("a shell in a terminal edits, resizes, interrupts and exits", async () => {
    const { world } = await scene()
    const pty = terminal(world, ...exec, "-it", "web", "sh")
    await pty.shows(/[#$] /)
    pty.type("stty size; echo $TERM\r")
    await pty.shows(/30 100\s+xterm/)
    pty.resize(40, 120)
    pty.type("until stty size | grep '40 120'; do sleep 0.1; done\r")
    await pty.shows(/\n40 120/)
    pty.type("echo w\u007fstill; sleep 1000\r")
    await pty.shows(/\nstill/)
    pty.type("\u0003")
    pty.type("echo back=$?\r")
    await pty.shows(/back=130/)
    pty.type("exit 5\r")
    expect(await pty.exited).toBe(5)
  })

  const lives = (pid: number): boolean => {
    try {
      process.kill(pid, 0)
      return true
    } catch {
      return false
    }
  }

  test("left by the keys for that it runs on, as long as its task; it ends with a client that dies", async () => {
    const { world, marathon } = await scene()
    const start = async () => {
      // It writes more than a terminal or a pipe holds, so it stops where nobody reads.
      const script = "echo pid=$$; read go; seq 1 200000; touch $$.done; sleep 1000"
      const pty = terminal(world, ...exec, "-it", "web", "sh", "-c", script)
      await pty.shows(/pid=\d+/)
      return { pty, pid: Number(/pid=(\d+)/.exec(pty.screen)?.[1]) }
    }
    const left = await start()
    left.pty.type("go\r\u0010\u0011")
    expect(await left.pty.exited).toBe(0)
    const listed = `${left.pid}.done`
    await waitFor("what it writes", async () =>
      (await world.dcos.ok("task ls web")).includes(listed),
    )
    expect(lives(left.pid)).toBe(true)
    const broken = await start()
    broken.pty.end()
    expect(await broken.pty.exited).toBe(137)
    await waitFor("its process to end", () => !lives(broken.pid))
    expect(lives(left.pid)).toBe(true)
    await marathon.removeAll()
    await waitFor("what was left to end with its task", () => !lives(left.pid))
  })
})

describe("dcos task attach", () => {
  const greeter = "while read name; do echo hello $name; done; exit 4"
  const backoffSeconds = 3600

  test("joins the terminal of a task, is left without harm, and ends as the task does", async () => {
    const { world } = await scene({ id: "/greeter", cmd: greeter, tty: true, backoffSeconds })
    const first = terminal(world, "task", "attach", "greeter")
    first.type("ada\r")
    await first.shows("hello ada")
    first.type("\u0010\u0011")
    expect(await first.exited).toBe(0)
    const second = terminal(world, "task", "attach", "greeter")
    second.type("bob\r")
    await second.shows("hello bob")
    expect(second.screen).not.toContain("ada")
    expect(await world.dcos.ok("task log greeter")).toContain("hello ada")
    second.type("\u0004")
    expect(await second.exited).toBe(4)
  })

  test("is refused where there is no terminal", async () => {
    const { world } = await scene()
    const refused = await world.dcos.run(["task", "attach", "--no-stdin", "web"])
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain("Unable to attach to a task launched without a TTY.")
  })
})

describe("in containers", () => {
  const greeter = "while read name; do echo hello $name; done; exit 4"

  /** Runs, types into and attaches to the containers of apps, which have sh and cat. */
  async function tryAll(world: World, marathon: Marathon, container: object): Promise<void> {
    const app = {
      cpus: 0.1,
      mem: 32,
      networks: [{ mode: "host" }],
      backoffSeconds: 3600,
      container,
    }
    const env = { GREETING: "moin" }
    await marathon.run({
      ...app,
      id: "/boxed",
      cmd: "echo up >$MESOS_SANDBOX/ready; sleep 1000",
      env,
    })
    const script = 'cat $MESOS_SANDBOX/ready; echo "$GREETING"; echo oops >&2; exit 7'
    const ran = await world.dcos.run([...exec, "boxed", "sh", "-c", script])
    expect(ran).toEqual({ code: 7, stdout: "up\nmoin\n", stderr: "oops\n" })
    const copied = await world.dcos.run([...exec, "-i", "boxed", "cat"], { input: "a b c" })
    expect(copied).toEqual({ code: 0, stdout: "a b c", stderr: "" })
    const shell = terminal(world, ...exec, "-it", "boxed", "sh")
    await shell.shows("# ")
    // Docker gives a terminal its size when it is there already.
    shell.type("until stty size | grep '30 100'; do sleep 0.1; done; sleep 1000\r")
    await shell.shows(/[\n ]30 100\r/)
    shell.type("\u0003exit 5\r")
    expect(await shell.exited).toBe(5)
    await marathon.run({ ...app, id: "/greeter", cmd: greeter, tty: true })
    const task = terminal(world, "task", "attach", "greeter")
    task.type("ada\r")
    await task.shows("hello ada")
    task.type("\u0004")
    expect(await task.exited).toBe(4)
  }

  testWith(daemon, command("busybox"))("of Docker", async () => {
    await loadBusyboxImage()
    const { world, marathon } = await scene()
    await tryAll(world, marathon, { type: "DOCKER", docker: { image: busyboxImage } })
  })

  testWith(
    rootUser,
    command("runc"),
    command("conmon"),
  )("of runc", async () => {
    const { world, marathon } = await scene()
    const linuxInfo = { ipcInfo: { mode: "PRIVATE" } }
    await tryAll(world, marathon, { type: "MESOS", linuxInfo })
  })
})
