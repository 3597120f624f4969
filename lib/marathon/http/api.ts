import { DEFAULT_RULES } from "#lib/marathon/model/index.ts"
import type { ModelRules } from "#lib/marathon/model/index.ts"
import type { MarathonView } from "#lib/marathon/core/view.ts"
import { EventStreams } from "./event-streams.ts"
import type { MarathonHttpPorts } from "./ports.ts"

/** What all requests share. */
export type Api = {
  readonly ports: MarathonHttpPorts
  readonly view: MarathonView
  readonly rules: ModelRules
  readonly streams: EventStreams
}

/** Prepares what all requests share. */
export function createApi(ports: MarathonHttpPorts): Api {
  const { settings, view } = ports.marathon
  const { defaultNetworkName, features } = ports
  return {
    ports,
    view,
    rules: {
      defaultRole: settings.mesosRole,
      bridgeName: settings.mesosBridgeName,
      features: features ?? DEFAULT_RULES.features,
      ...(defaultNetworkName === undefined ? {} : { defaultNetworkName }),
    },
    streams: new EventStreams(ports),
  }
}
