import { argument, defineCommand, fail, flag, parseGoDuration, text } from "#lib/cli/index.ts"
import { connectMesos, type MesosClient } from "#lib/client/index.ts"

/** Between two looks at whether the agent is drained. */
const POLL_MS = 5_000

export const command = defineCommand({
  input: {
    mesosId: argument("mesos-id"),
    decommission: flag("Mark the agent as gone once it is drained."),
    maxGracePeriod: text("duration", "Time tasks have to end at most, such as 5m."),
    wait: flag("Wait until the agent is drained."),
  },
  async run(context, { mesosId, decommission, maxGracePeriod, wait }) {
    const seconds = maxGracePeriod === undefined ? undefined : parseGoDuration(maxGracePeriod)
    if (maxGracePeriod !== undefined && seconds === undefined)
      fail(`--max-grace-period ${maxGracePeriod}: write a duration such as 30s, 5m or 1h30m`)
    const mesos = await connectMesos(context)
    await mesos.operate({
      type: "DRAIN_AGENT",
      drain_agent: {
        agent_id: { value: mesosId },
        ...(seconds === undefined ? {} : { max_grace_period: protobufDuration(seconds) }),
        mark_gone: decommission,
      },
    })
    if (!wait) return
    context.print("Waiting for the agent to be drained...")
    while (!(await isDrained(mesos, mesosId, decommission))) await context.sleep(POLL_MS)
  },
})

/** The JSON form of google.protobuf.Duration in the operator API of Mesos. */
const protobufDuration = (seconds: number) => ({
  seconds: Math.floor(seconds),
  nanos: Math.round((seconds % 1) * 1e9),
})

/** An agent that is to be marked as gone is drained once it is in the list no more. */
async function isDrained(mesos: MesosClient, id: string, gone: boolean): Promise<boolean> {
  const agent = (await mesos.stateSummary()).slaves?.find((one) => one.id === id)
  return gone ? agent === undefined : agent?.drain_info?.state === "DRAINED"
}
