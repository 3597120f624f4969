import type { KillTarget } from "#lib/marathon/core/command.ts"
import { isTaskId } from "#lib/marathon/core/instance-id.ts"
import type { Instance } from "#lib/marathon/core/records.ts"
import type { Encoded } from "#lib/marathon/model/index.ts"
import { deploymentResult, json, message, refuse } from "./answer.ts"
import type { ApiRequest } from "./api-request.ts"

/** Ends tasks as the query says: with `scale` there will be fewer, with `wipe` they are forgotten. */
export async function killTasks(
  request: ApiRequest,
  target: KillTarget,
  show: (killed: readonly Instance[]) => Encoded,
): Promise<Response> {
  const [scale, wipe] = [request.flag("scale"), request.flag("wipe")]
  if (scale && wipe)
    return refuse({
      code: "badRequest",
      message: "You cannot use scale and wipe at the same time.",
    })
  const force = request.flag("force")
  const done = await request.run({ kind: "kill", target, scale, wipe, force })
  if (!done.ok) return refuse(done.error)
  switch (done.value.kind) {
    case "deployment":
      return deploymentResult(done.value)
    case "killed":
      return json(show(done.value.instances))
    case "steps":
    case "done":
      return message("nothing came of the kill", 500)
    default:
      return done.value satisfies never
  }
}

/** Why a text cannot be the id of a task, or undefined when it can. */
export const taskIdProblem = (text: string): string | undefined =>
  isTaskId(text)
    ? undefined
    : `Invalid task id '${text}'. Expected <app>.instance-<uuid>._app.<number>, such as 'web.instance-c6b37a4f-2c1e-4d3a-9a52-7f5a8a0e1b11._app.1'`
