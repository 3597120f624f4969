import type { Volume } from "./container.ts"

/** Whether an app keeps data on an agent: it has a persistent volume. */
export const isResident = (app: {
  readonly container?: { readonly volumes: readonly Volume[] } | undefined
}): boolean => (app.container?.volumes ?? []).some((volume) => volume.kind === "persistent")

/** The label that limits an app to one instance at any time. */
export const SINGLE_INSTANCE_LABEL = "MARATHON_SINGLE_INSTANCE_APP"
