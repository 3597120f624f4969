import type { Deployment, Step } from "#lib/marathon/core/records.ts"
import type { MarathonView } from "#lib/marathon/core/view.ts"
import type { Encoded } from "#lib/marathon/model/index.ts"

/** A running deployment. Source: mesosphere/marathon: …/raml/DeploymentConversion.scala. */
export function encodeDeployment(deployment: Deployment, view: MarathonView): Encoded {
  const { id, version, steps, step } = deployment
  const affected = new Set(steps.flatMap(({ actions }) => actions.map(({ app }) => app)))
  return {
    id,
    version,
    affectedApps: [...affected].sort(),
    affectedPods: [],
    steps,
    currentActions: (steps[step]?.actions ?? []).map((action) => ({
      ...action,
      readinessCheckResults: view.readiness(action.app),
    })),
    currentStep: Math.min(step + 1, steps.length),
    totalSteps: steps.length,
  }
}

/** What a dry run would do. */
export const encodeSteps = (steps: readonly Step[]): Encoded => ({ steps })
