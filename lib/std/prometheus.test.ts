import { expect, test } from "bun:test"
import { prometheusText } from "./prometheus.ts"

const render = (metrics: Readonly<Record<string, number>>): string =>
  prometheusText(metrics, {
    prefix: "mesos_",
    templates: [
      "master/frameworks/{framework}/{id}/roles/{role...}/suppressed",
      "master/frameworks/{framework}/{id}/*",
    ],
    isCounter: (path) => path.endsWith("calls"),
  })

test("a family is shown once, with its series together", () => {
  const text = render({
    "master/frameworks/a%2Fb/1/calls": 2,
    "master/tasks_running": 7,
    "master/frameworks/c/2/calls": 3,
  })
  expect(text).toBe(
    [
      "# HELP mesos_master_frameworks_calls master/frameworks/calls",
      "# TYPE mesos_master_frameworks_calls counter",
      'mesos_master_frameworks_calls{framework="a/b",id="1"} 2',
      'mesos_master_frameworks_calls{framework="c",id="2"} 3',
      "# HELP mesos_master_tasks_running master/tasks_running",
      "# TYPE mesos_master_tasks_running gauge",
      "mesos_master_tasks_running 7",
      "",
    ].join("\n"),
  )
})

test("a role of several levels is one label", () => {
  expect(render({ "master/frameworks/f/1/roles/eng/dev/suppressed": 1 })).toContain(
    'mesos_master_frameworks_roles_suppressed{framework="f",id="1",role="eng/dev"} 1\n',
  )
})

test("names, labels and values are valid whatever the paths hold", () => {
  const text = render({
    "a.b-c": NaN,
    "d/é": Infinity,
    'master/frameworks/q"\\%/1/calls': -Infinity,
  })
  expect(text).toContain("\nmesos_a_b_c NaN\n")
  expect(text).toContain("\nmesos_d__ +Inf\n")
  expect(text).toContain('{framework="q\\"\\\\%",id="1"} -Inf\n')
})

test("two paths of one series do not repeat it", () => {
  expect(render({ "a/b": 1, a_b: 2 }).match(/^mesos_a_b /gm)).toHaveLength(1)
})
