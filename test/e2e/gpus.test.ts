import { expect, test } from "bun:test"
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { smiOutput } from "../../lib/io/gpu/test-driver.ts"
import { Marathon } from "../fixtures/marathon.ts"
import { command, rootUser, testWith } from "../fixtures/system-parts.ts"
import { waitFor } from "../fixtures/wait.ts"
import { taskPorts, testWorlds, type World } from "../fixtures/world.ts"

const open = testWorlds()

/** Arguments and variables of a machine with two GPUs, as far as NVIDIA's tool tells. */
async function gpuMachine(world: World) {
  mkdirSync(`${world.path}/bin`)
  const tool = `${world.path}/bin/nvidia-smi`
  const gpus = [
    ["GPU-a", 4091],
    ["GPU-b", 4092],
  ] as const
  writeFileSync(tool, `#!/bin/sh\ncat <<'END'\n${smiOutput(gpus)}\nEND\n`)
  chmodSync(tool, 0o755)
  return {
    args: ["--resources", `cpus:4;mem:2048;${await taskPorts()}`],
    env: { PATH: `${world.path}/bin:${process.env["PATH"]}` },
  }
}

/** What the tasks of an app have written. */
const written = (world: World, app: string, stream = "stdout"): string =>
  [...new Bun.Glob(`**/executors/${app}.*/runs/*/${stream}`).scanSync({ cwd: world.path })]
    .filter((path) => !path.includes("latest"))
    .map((path) => readFileSync(`${world.path}/${path}`, "utf8"))
    .join("")

const visible = (cuda: string, nvidia = cuda): string =>
  `CUDA_VISIBLE_DEVICES=${cuda}\nNVIDIA_VISIBLE_DEVICES=${nvidia}\n`

test("tasks are told of the GPUs that they were given, and of no others", async () => {
  const world = open()
  const cluster = await world.up(await gpuMachine(world))
  const marathon = new Marathon(cluster.marathonUrl)
  const app = (id: string, more: object) =>
    marathon.run({ id: `/${id}`, cmd: "env | grep _VISIBLE_ | sort; sleep 1000", ...more })
  await app("first", { gpus: 1 })
  await app("second", { gpus: 1 })
  await app("none", { labels: { GPU_SCHEDULING_BEHAVIOR: "unrestricted" } })
  await waitFor("all to have written", () =>
    ["first", "second", "none"].every((id) => written(world, id).split("\n").length === 3),
  )
  expect(written(world, "first")).toBe(visible("GPU-a"))
  expect(written(world, "second")).toBe(visible("GPU-b"))
  expect(written(world, "none")).toBe(visible("", "void"))
  await marathon.ok("DELETE", "/v2/apps/first")
  await app("third", { gpus: 1 })
  await waitFor("the freed GPU to be used", () => written(world, "third") === visible("GPU-a"))
})

/** Numbers that no driver gives: the device files of the test are copies of /dev/null. */
const MINORS = [4091, 4092]

testWith(
  rootUser,
  command("runc"),
  command("conmon"),
)("a container of runc opens its own GPUs only", async () => {
  for (const minor of MINORS) Bun.spawnSync(["mknod", `/dev/nvidia${minor}`, "c", "1", `${minor}`])
  try {
    const world = open()
    const { args, env } = await gpuMachine(world)
    const cluster = await world.up({ args: [...args, "--launcher", "linux"], env })
    const marathon = new Marathon(cluster.marathonUrl)
    const cmd = "ls /dev | grep nvidia40; mknod other c 1 4091; cat other; sleep 1000"
    await marathon.run({ id: "/first", cmd, gpus: 1, user: "root" })
    await marathon.run({ id: "/second", cmd, gpus: 1, user: "root" })
    await waitFor("both to have written", () =>
      ["first", "second"].every((id) => written(world, id, "stderr").includes("cat: other")),
    )
    expect(written(world, "first")).toBe("nvidia4091\n")
    expect(written(world, "second")).toBe("nvidia4092\n")
    // There is no such device: whoever may open it hears that, all others that they may not.
    expect(written(world, "first", "stderr")).toContain("No such device")
    expect(written(world, "second", "stderr")).toContain("Operation not permitted")
  } finally {
    for (const minor of MINORS) Bun.spawnSync(["rm", "-f", `/dev/nvidia${minor}`])
  }
})

test("an agent that is given GPUs which are not there says so and ends", async () => {
  const world = open()
  const { env } = await gpuMachine(world)
  const where = ["--master", "ws://127.0.0.1:1", "--work-dir", `${world.path}/agent`]
  const daemon = world.daemon(["agent", ...where, "--nvidia-gpu-devices", "5"], env)
  expect(await daemon.exited).not.toBe(0)
  expect(daemon.output()).toContain(
    "--nvidia-gpu-devices names GPU 5, but NVIDIA's nvidia-smi finds 0, 1",
  )
})
