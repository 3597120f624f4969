import { err, ok, type Result } from "#lib/std/result.ts"
import type { Resource } from "#lib/mesos/resource.ts"
import type * as agent from "#lib/mesos/v1/agent.ts"
import type * as core from "#lib/mesos/v1/core.ts"
import type * as executor from "#lib/mesos/v1/executor.ts"
import type * as maintenance from "#lib/mesos/v1/maintenance.ts"
import type * as master from "#lib/mesos/v1/master.ts"
import type * as quota from "#lib/mesos/v1/quota.ts"
import type * as scheduler from "#lib/mesos/v1/scheduler.ts"
import type { ReservationForm } from "./codec.ts"
import { codecOf } from "./compile.ts"
import { Decoding, type DecodeError } from "./decoding.ts"

/** The messages that cross our edges, by their full name on the wire. */
export type Messages = {
  "mesos.v1.AgentInfo": core.AgentInfo
  "mesos.v1.Attribute": core.Attribute
  "mesos.v1.CSIPluginInfo": core.CsiPluginInfo
  "mesos.v1.CheckInfo": core.CheckInfo
  "mesos.v1.CommandInfo": core.CommandInfo
  "mesos.v1.ContainerInfo": core.ContainerInfo
  "mesos.v1.ContainerStatus": core.ContainerStatus
  "mesos.v1.DiscoveryInfo": core.DiscoveryInfo
  "mesos.v1.DiskStatistics": core.DiskStatistics
  "mesos.v1.DomainInfo": core.DomainInfo
  "mesos.v1.DrainInfo": core.DrainInfo
  "mesos.v1.ExecutorInfo": core.ExecutorInfo
  "mesos.v1.FrameworkInfo": core.FrameworkInfo
  "mesos.v1.HealthCheck": core.HealthCheck
  "mesos.v1.Labels": core.Labels
  "mesos.v1.MasterInfo": core.MasterInfo
  "mesos.v1.NetworkInfo": core.NetworkInfo
  "mesos.v1.Offer": core.Offer
  "mesos.v1.Offer.Operation": core.OfferOperation
  "mesos.v1.Operation": core.Operation
  "mesos.v1.Port": core.Port
  "mesos.v1.Resource": Resource
  "mesos.v1.ResourceStatistics": core.ResourceStatistics
  "mesos.v1.Task": core.Task
  "mesos.v1.TaskGroupInfo": core.TaskGroupInfo
  "mesos.v1.TaskInfo": core.TaskInfo
  "mesos.v1.TaskStatus": core.TaskStatus
  "mesos.v1.agent.Call": agent.Call
  "mesos.v1.agent.Response": agent.Response
  "mesos.v1.executor.Call": executor.Call
  "mesos.v1.executor.Event": executor.Event
  "mesos.v1.maintenance.ClusterStatus": maintenance.ClusterStatus
  "mesos.v1.maintenance.Schedule": maintenance.Schedule
  "mesos.v1.master.Call": master.Call
  "mesos.v1.master.Event": master.Event
  "mesos.v1.master.Response": master.Response
  "mesos.v1.master.Response.GetAgents.Agent": master.ResponseGetAgentsAgent
  "mesos.v1.master.Response.GetExecutors.Executor": master.ResponseGetExecutorsExecutor
  "mesos.v1.master.Response.GetFrameworks.Framework": master.ResponseGetFrameworksFramework
  "mesos.v1.quota.QuotaStatus": quota.QuotaStatus
  "mesos.v1.scheduler.Call": scheduler.Call
  "mesos.v1.scheduler.Event": scheduler.Event
  "mesos.v1.scheduler.OfferConstraints": scheduler.OfferConstraints
}

/**
 * Reads a message from parsed JSON. Fails with the first field that is wrong or missing; members
 * nobody knows are ignored. Resources are not yet validated or in normal form: see
 * `validateResources` and `normalizeResources`.
 * Source: apache/mesos: 3rdparty/stout/include/stout/protobuf.hpp (JSON mapping).
 */
export function decodeMessage<Name extends keyof Messages>(
  name: Name,
  json: unknown,
): Result<Messages[Name], DecodeError> {
  const decoding = new Decoding()
  const value = codecOf(name).decode(json, decoding)
  const error = decoding.error()
  if (error !== undefined) return err(error)
  if (value === undefined)
    return err({ code: "missing", path: "", message: "Expecting 'type' to be present" })
  return ok(value as Messages[Name])
}

/** The JSON value of a message. */
export const encodeMessage = <Name extends keyof Messages>(
  name: Name,
  message: Messages[Name],
  form: ReservationForm = "new",
): Readonly<Record<string, unknown>> =>
  codecOf(name).encode(message, form) as Readonly<Record<string, unknown>>
