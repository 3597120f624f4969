import { expect, test } from "bun:test"
import type { Refusal } from "#lib/marathon/core/command.ts"
import { resolvePathId } from "#lib/marathon/model/index.ts"
import type { Rejection } from "#lib/marathon/model/index.ts"
import { refuse, rejectionOf } from "./answer.ts"

const details = [{ path: "/id", errors: ["x"] }]

test.each<[Rejection, number, object]>([
  [{ code: "notJson", details: "x" }, 400, { message: "Invalid JSON", details: "x" }],
  [
    { code: "noBody", details: "x" },
    400,
    { message: "Please specify data in JSON format", details: "x" },
  ],
  [{ code: "badTypes", details }, 422, { message: "Invalid JSON", details }],
  [{ code: "invalid", details }, 422, { message: "Object is not valid", details }],
  [{ code: "illegal", message: "x" }, 422, { message: "x" }],
  [{ code: "badRequest", message: "x" }, 400, { message: "x" }],
  [{ code: "conflict", message: "x" }, 409, { message: "x" }],
  [{ code: "notImplemented", message: "x" }, 501, { message: "x" }],
])("answers %j with %d", async (rejection, status, body) => {
  const response = refuse(rejection)
  expect(response.status).toBe(status)
  expect(response.headers.get("content-type")).toBe("application/json")
  expect(await response.json()).toEqual(body)
})

test("names the deployments that hold an app", async () => {
  const body = (await refuse({ code: "locked", deployments: ["d"] }).json()) as object
  expect(body).toEqual({
    message:
      "App is locked by one or more deployments. Override with the option '?force=true'. View details at '/v2/deployments/<DEPLOYMENT_ID>'.",
    deployments: [{ id: "d" }],
  })
})

test.each<[Refusal, number, string]>([
  [{ code: "tooManyDeployments", limit: 3 }, 403, "Max number (3) of running deployments is"],
  [{ code: "cyclicDependencies", ids: [] }, 422, "Dependency graph has cyclic dependencies."],
  [
    { code: "portsExhausted", min: 1, max: 2 },
    500,
    "All ports in the range [1-2) are already in use",
  ],
  [{ code: "unknownDeployment", deploymentId: "d" }, 404, "DeploymentPlan d does not exist"],
  [{ code: "unknownApp", appId: resolvePathId("a") }, 404, "App '/a' does not exist"],
  [
    { code: "notQueued", appId: resolvePathId("a") },
    404,
    "Application /a not found in tasks queue.",
  ],
  [{ code: "unavailable", message: "stopping" }, 503, "stopping"],
  [{ code: "locked", deploymentIds: ["d"] }, 409, "?force=true"],
  [{ code: "rejected", rejection: { code: "conflict", message: "taken" } }, 409, "taken"],
])("answers the refusal %j with %d", async (refusal, status, text) => {
  const response = refuse(rejectionOf(refusal))
  expect(response.status).toBe(status)
  expect(await response.text()).toContain(text)
})
