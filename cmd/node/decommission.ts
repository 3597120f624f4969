import { argument, defineCommand } from "#lib/cli/index.ts"
import { connectMesos } from "#lib/client/index.ts"

export const command = defineCommand({
  input: { mesosId: argument("mesos-id") },
  async run(context, { mesosId }) {
    const mesos = await connectMesos(context)
    await mesos.operate({
      type: "MARK_AGENT_GONE",
      mark_agent_gone: { agent_id: { value: mesosId } },
    })
  },
})
