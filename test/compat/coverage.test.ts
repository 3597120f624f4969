/**
 * The checklist: everything that the v1 API can say has to be in some test. The names come from the
 * field table, and a name counts as tested when a test of the right place spells it. What is left out
 * is listed here, with the reason.
 */
import { expect, test } from "bun:test"
import { Glob } from "bun"
import fields from "#lib/mesos/v1/fields.json" with { type: "json" }
import { enumNames } from "./mesos-scene.ts"

const texts = new Map<string, string>()
for (const part of ["test", "lib"])
  for (const path of new Glob(`${part}/**/*.test.ts`).scanSync("."))
    if (!path.endsWith("coverage.test.ts")) texts.set(path, await Bun.file(path).text())

/** All tests of one part of the tree, in one text. */
const spelled = (part: RegExp): string =>
  [...texts].flatMap(([path, text]) => (part.test(path) ? [text] : [])).join("\n")
const WIRE = spelled(/^test\/compat\//)
const ANYWHERE = spelled(/./)

/** Enums whose every name has to be in a test that speaks HTTP. */
const ON_THE_WIRE = [
  "mesos.v1.scheduler.Call.Type",
  "mesos.v1.scheduler.Event.Type",
  "mesos.v1.scheduler.AttributeConstraint.Selector.PseudoattributeType",
  "mesos.v1.executor.Call.Type",
  "mesos.v1.executor.Event.Type",
  "mesos.v1.master.Call.Type",
  "mesos.v1.master.Event.Type",
  "mesos.v1.agent.Call.Type",
  "mesos.v1.agent.Call.AttachContainerInput.Type",
  "mesos.v1.agent.ProcessIO.Type",
  "mesos.v1.agent.ProcessIO.Data.Type",
  "mesos.v1.agent.ProcessIO.Control.Type",
  "mesos.v1.Offer.Operation.Type",
  "mesos.v1.OperationState",
  "mesos.v1.TaskState",
  "mesos.v1.FrameworkInfo.Capability.Type",
  "mesos.v1.AgentInfo.Capability.Type",
  "mesos.v1.MasterInfo.Capability.Type",
  "mesos.v1.DrainState",
  "mesos.v1.CheckInfo.Type",
  "mesos.v1.HealthCheck.Type",
  "mesos.v1.ExecutorInfo.Type",
  "mesos.v1.Resource.DiskInfo.Source.Type",
  "mesos.v1.Resource.ReservationInfo.Type",
]

/** Enums whose every name has to be in a test of any kind. */
const SOMEWHERE = [
  "mesos.v1.Volume.Source.Type",
  "mesos.v1.Secret.Type",
  "mesos.v1.TaskStatus.Reason",
  "mesos.v1.TaskStatus.Source",
]

/** Names that no test can spell, and why. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  OPERATION_UNSUPPORTED: "stands for a state of the future",
  REASON_COMMAND_EXECUTOR_FAILED: "not produced any more",
  REASON_EXECUTOR_UNREGISTERED: "not produced any more",
  REASON_INVALID_FRAMEWORKID: "not produced any more",
  REASON_AGENT_UNKNOWN: "not produced any more",
  REASON_MASTER_DISCONNECTED: "of the driver of version 0",
  REASON_AGENT_DISCONNECTED: "the offers of an agent that is away are gone with it: INVALID_OFFERS",
  REASON_CONTAINER_PREEMPTED: "nothing is oversubscribed",
  REASON_GC_ERROR: "sandboxes are not recovered from the collection of garbage",
  REASON_IO_SWITCHBOARD_EXITED: "no process of its own keeps a container's streams",
  REASON_TASK_UNAUTHORIZED: "nobody is authorized yet",
  REASON_TASK_GROUP_UNAUTHORIZED: "nobody is authorized yet",
}

const known = new Set(Object.keys(fields))
const lacking = (full: string, text: string): string[] =>
  enumNames(full).filter(
    (name) => !(name in LEFT_OUT) && !new RegExp(`(?<![A-Z_])${name}(?![A-Z_])`).test(text),
  )

test.each(ON_THE_WIRE)("%s is spoken over HTTP, name by name", (full) => {
  expect(lacking(full, WIRE)).toEqual([])
})

test.each(SOMEWHERE)("%s is in some test, name by name", (full) => {
  expect(lacking(full, ANYWHERE)).toEqual([])
})

test("nothing is left out that a test spells, and no enum here is made up", () => {
  const stale = Object.keys(LEFT_OUT).filter((name) => ANYWHERE.includes(`"${name}"`))
  expect(stale).toEqual([])
  expect([...ON_THE_WIRE, ...SOMEWHERE].filter((full) => !known.has(full))).toEqual([])
})
