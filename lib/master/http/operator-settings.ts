import {
  encodeMessage,
  fromMilli,
  scalarResource,
  type master as v1,
  type quota,
  type ValueScalar,
  type WeightInfo,
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
    case "getWeights":
      return encode({ kind, weightInfos: weightInfos(view) })
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
function quotaStatus({ quotas }: MasterView): quota.QuotaStatus {
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

const weightInfos = ({ weights }: MasterView): readonly WeightInfo[] =>
  [...weights].map(([role, weight]) => ({ role, weight }))

/** `GET /quota`. Source: apache/mesos: src/master/quota_handler.cpp (status). */
export const renderQuota = (view: MasterView): object =>
  encodeMessage("mesos.v1.quota.QuotaStatus", quotaStatus(view))

/** `GET /weights`. Source: apache/mesos: src/master/weights_handler.cpp (get). */
export const renderWeights = (view: MasterView): object => weightInfos(view)

/** Amounts, kept in thousandths, as `/roles` shows them. */
export const plainAmounts = (
  amounts: ReadonlyMap<string, number> | undefined,
): Readonly<Record<string, number>> =>
  Object.fromEntries([...(amounts ?? [])].map(([name, milli]) => [name, fromMilli(milli)]))
