export { MemoryStore } from "./memory-store.ts"
export type { BaseEffect, Machine, Wake } from "./effects.ts"
export { Loop } from "./loop.ts"
export type { LoopOptions } from "./loop.ts"
