import { expect, test } from "bun:test"
import { replyPrometheus } from "./prometheus.ts"

test("counters, gauges, frameworks and roles are told apart", async () => {
  const reply = replyPrometheus({
    "master/tasks_running": 1,
    "master/tasks_failed": 2,
    "master/frameworks/m%20n/f-1/calls/accept": 3,
    "allocator/mesos/quota/roles/eng/dev/resources/cpus/limit": 4,
  })
  expect(reply.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8")
  const lines = (await reply.text()).split("\n").filter((line) => !line.startsWith("# HELP"))
  expect(lines).toEqual([
    "# TYPE mesos_allocator_mesos_quota_roles_resources_limit gauge",
    'mesos_allocator_mesos_quota_roles_resources_limit{role="eng/dev",resource="cpus"} 4',
    "# TYPE mesos_master_frameworks_calls_accept counter",
    'mesos_master_frameworks_calls_accept{framework_name="m n",framework_id="f-1"} 3',
    "# TYPE mesos_master_tasks_failed counter",
    "mesos_master_tasks_failed 2",
    "# TYPE mesos_master_tasks_running gauge",
    "mesos_master_tasks_running 1",
    "",
  ])
})
