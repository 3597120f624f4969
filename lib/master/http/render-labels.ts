import type { Labels } from "#lib/mesos/index.ts"

/** Labels as a plain array; absent when there are none to speak of. */
export const renderLabels = (labels: Labels | undefined): readonly object[] | undefined =>
  labels === undefined ? undefined : (labels.labels ?? []).map(({ key, value }) => ({ key, value }))
