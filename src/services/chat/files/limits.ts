/** Bounds of files. What happens at each stands with it. */
export const limits = {
  /** Files of one message. Beyond: 107. */
  filesMax: 10,
  /** UTF-16 units of what a client says of a file, before its name is shortened to what file systems take. Beyond: 107. */
  nameMax: 1024,
  altMax: 1000,
  /** Links asked for at once. Beyond: 107. */
  linksMax: 100,
  /** Uploads of one user, and of all, at the same time: each takes a file on the disk. Beyond: 429. */
  uploadsPerUserMax: 4,
  uploadsMax: 64,
  /** Bytes at the beginning by which a type is told: as much as the library wants. */
  sniffedBytes: 4100,
  /** Pixels of a picture with all of its frames. Beyond it is a file to be saved: to decode that much takes hundreds of megabytes. */
  pixelsMax: 64 * 1024 * 1024,
  /** Bytes of what is looked at as a picture at all. */
  pictureBytesMax: 64 * 1024 * 1024,
  /** Pixels of a kept picture's longer side, and of its small form: a bubble of a page on a dense screen. */
  sideMax: 4096,
  smallSideMax: 720,
  /** How long a picture may be worked on. Beyond it is a file to be saved. */
  developMs: 30_000,
  /** Exit code of such a process that could not write what it made: that is tried again. */
  noRoomCode: 3,
  /** Of one that has nothing to decode pictures with: the log says so, and they are files to be saved. */
  noLibraryCode: 4,
  /** Pictures in work at the same time, by processes of their own, and those that wait. Beyond: 429. */
  developing: { unitsMax: 1, unitsPerKeyMax: 1, waitingMax: 64, waitingPerKeyMax: 8 },
  /** How long what was uploaded may take from here into the store. Beyond it is swept. */
  keepingMs: 300_000,
  /** Files whose bytes are deleted in one turn of the sweep. */
  sweptAtOnce: 100,
  /** Requests for files by one user. Beyond: 429. */
  readRate: { perSecond: 50, burst: 500 },
  /** Between two lines on a store that takes nothing. */
  logThrottleMs: 10_000,
} as const
