/** Metrics of a machine (`system/...`) by the names of `/system/stats.json`. */
export const systemStats = (
  metrics: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> =>
  Object.fromEntries(
    Object.entries(metrics).map(([name, value]) => [
      name.replace("system/load_", "avg_load_").replace("system/", ""),
      value,
    ]),
  )
