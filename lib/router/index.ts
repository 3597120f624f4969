export { createRouter } from "./router.ts"
export type { Handler, RouterPorts } from "./router.ts"
export type { ServiceTarget } from "./services.ts"
