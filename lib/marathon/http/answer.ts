import type { Accepted, Refusal } from "#lib/marathon/core/command.ts"
import type { Encoded, Rejection } from "#lib/marathon/model/index.ts"

/** A JSON answer; members that are undefined are left out. */
export const json = (
  body: unknown,
  init: { readonly status?: number; readonly headers?: Readonly<Record<string, string>> } = {},
): Response => jsonText(JSON.stringify(body), init)

/** The same, of text that is JSON already. */
export const jsonText = (
  text: string,
  init: { readonly status?: number; readonly headers?: Readonly<Record<string, string>> } = {},
): Response =>
  new Response(text, {
    status: init.status ?? 200,
    headers: { "Content-Type": "application/json", ...init.headers },
  })

/** An answer that only says something. */
export const message = (text: string, status: number): Response =>
  json({ message: text }, { status })

// The one place where rejections become status codes.
const STATUS: Readonly<Record<Rejection["code"], number>> = {
  notJson: 400,
  noBody: 400,
  badRequest: 400,
  limit: 403,
  notFound: 404,
  conflict: 409,
  locked: 409,
  badTypes: 422,
  invalid: 422,
  illegal: 422,
  failed: 500,
  notImplemented: 501,
  unavailable: 503,
}

const LOCKED =
  "App is locked by one or more deployments. Override with the option '?force=true'. View details at '/v2/deployments/<DEPLOYMENT_ID>'."

/** The answer to a request that was refused. */
export const refuse = (rejection: Rejection): Response =>
  json(bodyOf(rejection), { status: STATUS[rejection.code] })

function bodyOf(rejection: Rejection): Encoded {
  switch (rejection.code) {
    case "notJson":
      return { message: "Invalid JSON", details: rejection.details }
    case "noBody":
      return { message: "Please specify data in JSON format", details: rejection.details }
    case "badTypes":
      return { message: "Invalid JSON", details: rejection.details }
    case "invalid":
      return { message: "Object is not valid", details: rejection.details }
    case "locked":
      return { message: LOCKED, deployments: rejection.deployments.map((id) => ({ id })) }
    case "badRequest":
    case "limit":
    case "notFound":
    case "conflict":
    case "illegal":
    case "failed":
    case "notImplemented":
    case "unavailable":
      return { message: rejection.message }
    default:
      return rejection satisfies never
  }
}

/** What to answer when the machine refused a command. */
export function rejectionOf(refusal: Refusal): Rejection {
  switch (refusal.code) {
    case "rejected":
      // Only the changes of this API reach the machine, and they reject with nothing else.
      return refusal.rejection as Rejection
    case "locked":
      return { code: "locked", deployments: refusal.deploymentIds }
    case "tooManyDeployments":
      return {
        code: "limit",
        message: `Max number (${refusal.limit}) of running deployments is achieved. Wait for existing deployments to complete or cancel one using force=true parameter or by deleting it`,
      }
    case "cyclicDependencies":
      return {
        code: "invalid",
        details: [{ path: "/", errors: ["Dependency graph has cyclic dependencies."] }],
      }
    case "portsExhausted":
      return {
        code: "failed",
        message: `All ports in the range [${refusal.min}-${refusal.max}) are already in use`,
      }
    case "unknownDeployment":
      return {
        code: "notFound",
        message: `DeploymentPlan ${refusal.deploymentId} does not exist`,
      }
    case "unknownApp":
      return { code: "notFound", message: `App '${refusal.appId}' does not exist` }
    case "notQueued":
      return {
        code: "notFound",
        message: `Application ${refusal.appId} not found in tasks queue.`,
      }
    case "unavailable":
      return { code: "unavailable", message: refusal.message }
    default:
      return refusal satisfies never
  }
}

type Deployed = Extract<Accepted, { readonly kind: "deployment" }>

/** The headers of an answer that tells of a deployment. */
export const deploymentHeader = (deployed: Deployed): Readonly<Record<string, string>> => ({
  "Marathon-Deployment-Id": deployed.deploymentId,
})

/** The answer to a write that made a deployment. `location` is set where something was created. */
export const deploymentResult = (deployed: Deployed, location?: string): Response =>
  json(
    { version: deployed.version, deploymentId: deployed.deploymentId },
    {
      status: location === undefined ? 200 : 201,
      headers: {
        ...deploymentHeader(deployed),
        ...(location === undefined ? {} : { Location: location }),
      },
    },
  )
