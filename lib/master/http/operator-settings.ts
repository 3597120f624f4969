import {
  encodeMessage,
  fromMilli,
  scalarResource,
  type master as v1,
  type quota,
  type ValueScalar,
} from "#lib/mesos/index.ts"
import type { MasterView } from "#lib/master/core/views.ts"

/** The calls that read what operators have set, and what became of operations. */
export type SettingsCall = Extract<
  v1.Call,
  {
    readonly kind:
      | "getWeights"
      | "getQuota"
      | "getMaintenanceSchedule"
      | "getMaintenanceStatus"
      | "getOperations"
  }
>

/** The answer of one of these calls, as JSON. */
export function readSettings(view: MasterView, { kind }: SettingsCall): object {
  switch (kind) {
    case "getWeights": {
      const weightInfos = [...view.weights].map(([role, weight]) => ({ role, weight }))
      return encode({ kind, weightInfos })
    }
    case "getQuota":
      return encode({ kind, status: quotaStatus(view) })
    case "getMaintenanceSchedule":
      return encode({ kind, schedule: view.maintenance.schedule })
    case "getMaintenanceStatus":
      return encode({ kind, status: view.maintenanceStatus() })
    case "getOperations":
      return encode({ kind, operations: [...view.operations.values()] })
    default:
      return kind satisfies never
  }
}

const encode = (response: v1.Response): object =>
  encodeMessage("mesos.v1.master.Response", response, "endpoint")

/** Quotas in the form of today and, for clients of before, their guarantees alone. */
export function quotaStatus({ quotas }: MasterView): quota.QuotaStatus {
  const scalars = (amounts: ReadonlyMap<string, number>): Record<string, ValueScalar> =>
    Object.fromEntries([...amounts].map(([name, milli]) => [name, { value: fromMilli(milli) }]))
  return {
    infos: [...quotas].map(([role, { guarantees }]) => ({
      role,
      guarantee: [...guarantees].map(([name, milli]) => scalarResource(name, milli)),
    })),
    configs: [...quotas].map(([role, { guarantees, limits }]) => ({
      role,
      guarantees: scalars(guarantees),
      limits: scalars(limits),
    })),
  }
}
