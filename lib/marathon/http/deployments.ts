import { json, refuse } from "./answer.ts"
import type { ApiRequest, Resolve } from "./api-request.ts"
import { encodeDeployment } from "./encode/deployment.ts"

/** Everything below /v2/deployments. */
export const resolveDeployments: Resolve = ([id, ...rest]) => {
  if (id === undefined) return { GET: list }
  return rest.length === 0 ? { DELETE: (request) => cancel(request, id) } : undefined
}

function list({ view }: ApiRequest): Response {
  return json(view.deployments().map((deployment) => encodeDeployment(deployment, view)))
}

// Forced, the deployment just stops; otherwise a new one restores what was before it.
async function cancel(request: ApiRequest, deploymentId: string): Promise<Response> {
  const force = request.flag("force")
  const command = { kind: "cancelDeployment", deploymentId, force } as const
  if (!force) return request.deploy(command)
  const done = await request.run(command)
  return done.ok ? new Response(null, { status: 202 }) : refuse(done.error)
}
