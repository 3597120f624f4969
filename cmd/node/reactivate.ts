import { argument, defineCommand } from "#lib/cli/index.ts"
import { connectMesos } from "#lib/client/index.ts"

export const command = defineCommand({
  input: { mesosId: argument("mesos-id") },
  async run(context, { mesosId }) {
    const mesos = await connectMesos(context)
    await mesos.operate({
      type: "REACTIVATE_AGENT",
      reactivate_agent: { agent_id: { value: mesosId } },
    })
  },
})
