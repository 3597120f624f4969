/** What runs beside or above the tasks of a network: debug containers, executors of frameworks. */
import { expect } from "bun:test"
import { executorInfo, heard, launch, statusOf } from "../fixtures/executor/place.ts"
import {
  addressesOf,
  launchGroup,
  networkParts as parts,
  on,
  inSandbox,
  subscribe,
  testNetworks,
  traces,
} from "../fixtures/network-scene.ts"
import { testWith } from "../fixtures/system-parts.ts"
import { waitFor } from "../fixtures/wait.ts"

const scene = testNetworks()

testWith(...parts)("`dcos task exec` is in the network of a group's member", async () => {
  const at = await scene()
  const { dcos } = at.world
  const framework = await subscribe(at)
  const serves = "echo page >page; exec busybox httpd -f -p 8080 -h ."
  await launchGroup(framework, on("net"), { serves: { command: serves } })
  await framework.until("serves", "TASK_RUNNING")
  await dcos.ok(`cluster setup ${at.master.routerUrl}`)
  const script = "cat page; busybox wget -qO- 127.0.0.1:8080/page; ip -o -4 addr show eth0"
  const inside = () => dcos.run(["task", "exec", "serves", "sh", "-c", script])
  const seen = {
    code: 0,
    stdout: expect.stringMatching(/^page\npage\n\d+: eth0 .* 192\.168\.77\.2\/24 .*\n$/),
    stderr: "",
  }
  expect(await inside()).toEqual(seen)
  await at.agent.end("SIGKILL")
  await at.start()
  expect(await inside()).toEqual(seen)
  await framework.call({ type: "KILL", kill: { task_id: { value: "serves" } } })
  await framework.until("serves", "TASK_KILLED")
  await waitFor("the network to be left", () => traces(at) === "")
})

testWith(...parts)("an executor of a framework reaches its agent from a network", async () => {
  const at = await scene()
  const framework = await subscribe(at)
  const { command } = executorInfo(framework)
  const executor = {
    container: on("net"),
    command: { value: `ip -o -4 addr show eth0; ${command.value}` },
  }
  const { agent_id } = await launch(framework, "a", { executor })
  await statusOf(framework, "a", "TASK_RUNNING")
  expect(addressesOf(framework, "a")).toEqual([["net", "192.168.77.2"]])
  expect(inSandbox(at.place, "stdout")).toContain("inet 192.168.77.2/24")
  await at.agent.end("SIGKILL")
  await at.start()
  await launch(framework, "b", { executor })
  await framework.until("b", "TASK_RUNNING")
  const subscriptions = heard(at.place.workDir).filter((type) => type === "SUBSCRIBED")
  expect(subscriptions).toHaveLength(2)
  await framework.call({
    type: "SHUTDOWN",
    shutdown: { executor_id: { value: "worker" }, agent_id },
  })
  for (const id of ["a", "b"]) await framework.until(id, "TASK_KILLED")
  await waitFor("the network to be left", () => traces(at) === "")
})
