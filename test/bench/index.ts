import { allocation } from "./allocation.ts"
import { coldStart } from "./cold-start.ts"
import { containers } from "./containers.ts"
import { dockerStart } from "./docker-start.ts"
import { growth } from "./growth.ts"
import { idleMemory } from "./idle-memory.ts"
import { imagePull } from "./image-pull.ts"
import { install } from "./install.ts"
import { launch } from "./launch.ts"
import { scale } from "./scale/index.ts"
import type { Benchmark } from "./result.ts"
import { up } from "./up.ts"

/** Every benchmark, in the order they run. */
export const benchmarks: readonly Benchmark[] = [
  coldStart,
  up,
  install,
  idleMemory,
  launch,
  containers,
  growth,
  allocation,
  imagePull,
  dockerStart,
  scale,
]
