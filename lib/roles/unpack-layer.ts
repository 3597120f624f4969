export { unpackLayer } from "#lib/io/images/index.ts"
