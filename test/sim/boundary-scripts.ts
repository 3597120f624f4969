/** Scripts that change everything that must outlast a crash, a script for each matter. */
import type { OperatorCall } from "#lib/master/index.ts"
import {
  normalizeResources,
  scalarResource,
  type AgentId,
  type OfferOperation,
  type Resource,
  type Resources,
} from "#lib/mesos/index.ts"
import type { Rig, Script, Step } from "#lib/sim/index.ts"

const FRAMEWORK = {
  user: "nobody",
  name: "client",
  roles: ["a"],
  failoverTimeout: 7 * 24 * 3600,
  checkpoint: true,
  capabilities: [
    { type: "MULTI_ROLE" },
    { type: "RESERVATION_REFINEMENT" },
    { type: "PARTITION_AWARE" },
  ],
} as const

const TASK: Resources = [scalarResource("cpus", 100), scalarResource("mem", 32_000)]

const disk = (milli: number, role?: string): Resource => ({
  ...scalarResource("disk", milli),
  reservations: role === undefined ? [] : [{ type: "DYNAMIC", role }],
})

const volume = (id: string, milli: number, role: string): Resource => ({
  ...disk(milli, role),
  disk: { persistence: { id }, volume: { mode: "RW", containerPath: "data" } },
})

/** The agent that is registered on a node; one that does not exist while there is none. */
function agentOn(rig: Rig, index: number): AgentId {
  const { name } = rig.node(index)
  const agents = [...(rig.master.at()?.driver.view.agents.values() ?? [])]
  return agents.find(({ info }) => info.hostname === name)?.id ?? ("none" as AgentId)
}

/** An operator's call, made of how the cluster is then. */
const operator = (name: string, make: (rig: Rig) => OperatorCall): Step => ({
  name,
  ask: async (rig) => (await rig.operate(make(rig)))?.status,
})

const start = (index: number): Step => ({
  name: `node ${index} starts`,
  ask: async (rig) => {
    rig.node(index).start()
    return 200
  },
})

const subscribe: Step = {
  name: "a framework subscribes",
  ask: (rig) => rig.client.subscribe(FRAMEWORK),
}

const launch = (index: number, ...more: Resources): Step => ({
  name: `a task on node ${index}`,
  ask: (rig) => rig.client.launch(rig.node(index).name, normalizeResources([...TASK, ...more])),
})

const operation = (
  needs: Resources,
  what: Extract<OfferOperation, { readonly kind: "reserve" | "unreserve" | "create" | "destroy" }>,
): Step => ({
  name: `a framework's ${what.kind}`,
  ask: (rig) => rig.client.operate(rig.node(0).name, needs, (id) => ({ ...what, id })),
})

const machine = (index: number) => ({
  hostname: `node-${index}`,
  ip: `10.0.0.${index + 1}`,
})

const updateQuota = (
  name: string,
  quotaConfigs: Extract<OperatorCall, { readonly kind: "updateQuota" }>["quotaConfigs"],
): Step => operator(name, () => ({ kind: "updateQuota", quotaConfigs }))

const quota: Script = {
  name: "quotas",
  nodes: 1,
  steps: [
    start(0),
    updateQuota("two quotas at once", [
      { role: "a", guarantees: { cpus: { value: 1 } }, limits: { cpus: { value: 2 } } },
      { role: "b", limits: { mem: { value: 512 } } },
    ]),
    updateQuota("one that the cluster cannot give, beside one that it can", [
      { role: "a", limits: { cpus: { value: 3 } } },
      { role: "c", guarantees: { cpus: { value: 100 } } },
    ]),
    operator("a quota of old", () => ({
      kind: "setQuota",
      quotaRequest: { role: "d", guarantee: [scalarResource("cpus", 1_000)] },
    })),
    operator("the same once more", () => ({
      kind: "setQuota",
      quotaRequest: { role: "d", guarantee: [scalarResource("cpus", 2_000)] },
    })),
    updateQuota("one goes, one changes", [
      { role: "a" },
      { role: "b", limits: { mem: { value: 256 } } },
    ]),
    operator("one goes, as of old", () => ({ kind: "removeQuota", role: "d" })),
  ],
}

const weights: Script = {
  name: "weights",
  nodes: 0,
  steps: [
    operator("two weights at once", () => ({
      kind: "updateWeights",
      weightInfos: [
        { role: "a", weight: 2 },
        { role: "b/c", weight: 0.5 },
      ],
    })),
    operator("a good one and one that makes no sense", () => ({
      kind: "updateWeights",
      weightInfos: [
        { role: "a", weight: 3 },
        { role: "b", weight: -1 },
      ],
    })),
    operator("back to one", () => ({
      kind: "updateWeights",
      weightInfos: [{ role: "a", weight: 1 }],
    })),
  ],
}

const schedule = (name: string, indexes: readonly number[]): Step =>
  operator(name, () => ({
    kind: "updateMaintenanceSchedule",
    schedule: {
      windows: indexes.map((index) => ({
        machineIds: [machine(index)],
        unavailability: { start: { nanoseconds: 5e9 }, duration: { nanoseconds: 6e10 } },
      })),
    },
  }))

const maintenance: Script = {
  name: "maintenance",
  nodes: 2,
  steps: [
    start(0),
    start(1),
    subscribe,
    launch(0),
    schedule("both machines are scheduled", [0, 1]),
    operator("a machine that is not scheduled goes down", () => ({
      kind: "startMaintenance",
      machines: [machine(7)],
    })),
    operator("the first machine goes down", (rig) => {
      rig.emptying(rig.node(0))
      return { kind: "startMaintenance", machines: [machine(0)] }
    }),
    schedule("the schedule goes, with a machine that is down", []),
    operator("the second comes up, which is not down", () => ({
      kind: "stopMaintenance",
      machines: [machine(1)],
    })),
    operator("the first machine comes up", () => ({
      kind: "stopMaintenance",
      machines: [machine(0)],
    })),
    schedule("the schedule goes", []),
  ],
}

const admission: Script = {
  name: "agents' admission",
  nodes: 2,
  steps: [
    start(0),
    start(1),
    operator("an agent is deactivated", (rig) => ({
      kind: "deactivateAgent",
      agentId: agentOn(rig, 1),
    })),
    {
      name: "an agent starts anew",
      ask: async (rig) => {
        rig.node(1).process.crash("the script says so", 10)
        return 200
      },
    },
    operator("an agent that is not there is deactivated", () => ({
      kind: "deactivateAgent",
      agentId: "none" as AgentId,
    })),
    operator("it is reactivated", (rig) => ({
      kind: "reactivateAgent",
      agentId: agentOn(rig, 1),
    })),
    operator("it is reactivated again", (rig) => ({
      kind: "reactivateAgent",
      agentId: agentOn(rig, 1),
    })),
  ],
}

const reservations: Script = {
  name: "reservations",
  nodes: 1,
  steps: [
    start(0),
    operator("an operator reserves", (rig) => ({
      kind: "reserveResources",
      agentId: agentOn(rig, 0),
      resources: [disk(64_000, "a")],
    })),
    operator("an operator reserves more than there is", (rig) => ({
      kind: "reserveResources",
      agentId: agentOn(rig, 0),
      resources: [disk(64_000_000, "a")],
    })),
    subscribe,
    operation([disk(32_000)], { kind: "reserve", resources: [disk(32_000, "a")] }),
    operation([disk(32_000, "a")], { kind: "unreserve", resources: [disk(32_000, "a")] }),
    operator("an operator unreserves", (rig) => ({
      kind: "unreserveResources",
      agentId: agentOn(rig, 0),
      resources: [disk(64_000, "a")],
    })),
  ],
}

const volumes: Script = {
  name: "volumes",
  nodes: 1,
  steps: [
    start(0),
    operator("an operator reserves", (rig) => ({
      kind: "reserveResources",
      agentId: agentOn(rig, 0),
      resources: [disk(128_000, "a")],
    })),
    operator("an operator makes a volume", (rig) => ({
      kind: "createVolumes",
      agentId: agentOn(rig, 0),
      volumes: [volume("v1", 64_000, "a")],
    })),
    operator("a second volume of that name", (rig) => ({
      kind: "createVolumes",
      agentId: agentOn(rig, 0),
      volumes: [volume("v1", 32_000, "a")],
    })),
    operator("the volume grows", (rig) => ({
      kind: "growVolume",
      agentId: agentOn(rig, 0),
      volume: volume("v1", 64_000, "a"),
      addition: disk(32_000, "a"),
    })),
    operator("the volume shrinks", (rig) => ({
      kind: "shrinkVolume",
      agentId: agentOn(rig, 0),
      volume: volume("v1", 96_000, "a"),
      subtract: { value: 32 },
    })),
    subscribe,
    operation([disk(32_000, "a")], { kind: "create", volumes: [volume("v2", 32_000, "a")] }),
    launch(0, volume("v2", 32_000, "a")),
    operator("a volume that is used goes", (rig) => ({
      kind: "destroyVolumes",
      agentId: agentOn(rig, 0),
      volumes: [volume("v2", 32_000, "a")],
    })),
    operator("the other goes", (rig) => ({
      kind: "destroyVolumes",
      agentId: agentOn(rig, 0),
      volumes: [volume("v1", 64_000, "a")],
    })),
  ],
}

const frameworks: Script = {
  name: "frameworks' registration",
  nodes: 1,
  steps: [
    start(0),
    subscribe,
    launch(0),
    {
      name: "its roles change",
      ask: (rig) =>
        rig.client.call({
          kind: "updateFramework",
          frameworkInfo: { ...FRAMEWORK, roles: ["a", "b"] },
        }),
    },
    {
      name: "it takes another name for its user, which it may not",
      ask: (rig) =>
        rig.client.call({
          kind: "updateFramework",
          frameworkInfo: { ...FRAMEWORK, roles: ["a", "b"], user: "somebody" },
        }),
    },
    {
      name: "it is removed",
      ask: (rig) => rig.client.tearDown(),
    },
  ],
}

const drain: Script = {
  name: "draining",
  nodes: 2,
  steps: [
    start(0),
    start(1),
    subscribe,
    launch(0),
    operator("an agent is drained", (rig) => {
      rig.emptying(rig.node(0))
      return {
        kind: "drainAgent",
        agentId: agentOn(rig, 0),
        maxGracePeriod: { seconds: 2 },
      }
    }),
    operator("another is reactivated, which is active", (rig) => ({
      kind: "reactivateAgent",
      agentId: agentOn(rig, 1),
    })),
    operator("it is reactivated", (rig) => ({
      kind: "reactivateAgent",
      agentId: agentOn(rig, 0),
    })),
    launch(0),
  ],
}

const gone: Script = {
  name: "agents that are gone",
  nodes: 2,
  steps: [
    start(0),
    start(1),
    subscribe,
    launch(0),
    launch(1),
    operator("an agent is marked gone", (rig) => {
      rig.emptying(rig.node(0))
      return { kind: "markAgentGone", agentId: agentOn(rig, 0) }
    }),
    operator("one that is not there is marked gone", () => ({
      kind: "markAgentGone",
      agentId: "none" as AgentId,
    })),
    operator("an agent is drained for good", (rig) => {
      rig.emptying(rig.node(1))
      return { kind: "drainAgent", agentId: agentOn(rig, 1), markGone: true }
    }),
  ],
}

export const SCRIPTS: readonly Script[] = [
  quota,
  weights,
  maintenance,
  admission,
  reservations,
  volumes,
  frameworks,
  drain,
  gone,
]
