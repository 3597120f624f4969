/** Measures how much of a disk a directory takes. */
export interface DiskMeter {
  /**
   * Bytes of disk that the files below a directory take, those on its own file system only; a file
   * with several names counts once. 0 where there is no such directory.
   */
  usedBytes(path: string, signal: AbortSignal): Promise<number>
}
