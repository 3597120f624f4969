import { DEFAULT_RULES } from "#lib/marathon/model/index.ts"
import type { ModelRules } from "#lib/marathon/model/index.ts"
import type { MarathonView } from "#lib/marathon/core/view.ts"
import { EventStreams } from "./event-streams.ts"
import type { MarathonHttpPorts } from "./ports.ts"

/** What all requests share. */
export type Api = {
  readonly ports: MarathonHttpPorts
  /** Asked for anew by each request: a Marathon that stepped down is followed by another. */
  readonly view: MarathonView
  readonly rules: ModelRules
  readonly streams: EventStreams
}

/** Prepares what all requests share. */
export function createApi(ports: MarathonHttpPorts): Api {
  const { settings } = ports.marathon
  const { defaultNetworkName, features } = ports
  return {
    ports,
    get view() {
      return ports.marathon.view
    },
    rules: {
      defaultRole: settings.mesosRole,
      bridgeName: settings.mesosBridgeName,
      features: features ?? DEFAULT_RULES.features,
      ...(defaultNetworkName === undefined ? {} : { defaultNetworkName }),
    },
    streams: new EventStreams(ports),
  }
}
