import { expect, test } from "bun:test"
import { Bench, registration, resources, taskInfo } from "#lib/master/core/builders.ts"
import { agentText } from "./agent-text.ts"
import { renderAgent } from "./render-agent.ts"

/** Whatever happens to the agent, its text is what rendering it anew would give. */
test("is never older than the agent", () => {
  const bench = new Bench()
  const registered = bench.register()
  const agent = bench.master.view.agents.get(registered.id)!
  const check = (): string => {
    const text = agentText(agent)
    expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(renderAgent(agent))))
    return text
  }
  const texts = new Set([check()])
  const scheduler = bench.subscribe()
  texts.add(check())
  bench.launch(scheduler, [taskInfo("t", registered.id)])
  texts.add(check())
  bench.update(registered, scheduler.id, { id: "t", state: "TASK_FINISHED" })
  texts.add(check())
  bench.operate({ kind: "deactivateAgent", agentId: registered.id })
  texts.add(check())
  bench.feed({ kind: "linkClosed", link: registered.link })
  texts.add(check())
  const info = { ...registration().info, resources: resources("cpus:16;mem:32768") }
  bench.register({ agentId: registered.id, info })
  texts.add(check())
  expect(texts.size).toBeGreaterThan(4)
})

test("is worked out once while nothing changes", () => {
  const bench = new Bench()
  const agent = bench.master.view.agents.get(bench.register().id)!
  expect(agentText(agent)).toBe(agentText(agent))
})
