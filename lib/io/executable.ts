/** Absolute path of the running executable. */
export const executablePath = (): string => process.execPath
