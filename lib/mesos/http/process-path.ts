/** Processes within a process of Mesos: they answer under their own names only. */
const OWN = /^\/(?:files|help|logging|metrics|profiler|system|version)(?:\/|$)/

/**
 * Whether an endpoint is one of any process of Mesos, not of its master or agent: those are not found
 * under `/master` or `/slave(1)`. Source: apache/mesos: 3rdparty/libprocess/src/process.cpp (handle).
 */
export const isProcessPath = (path: string): boolean => OWN.test(path)
