/** Bounds of the form in which caches serve games. What happens at each stands with it. */
export const chunkLimits = {
  /** A chunk closes this long after its first update (sports S15). */
  chunkMs: 2_000,
  /** How much longer an update of a fleet is waited for that was stamped before the cut: what comes later begins another chunk. */
  lagMs: 500,
  /** Updates of one chunk. With the last one it closes (sports S15). */
  updatesMax: 20,
  /** Finished chunks of one game that are kept: as many as its channel keeps updates. Beyond, the oldest is gone: 410. */
  chunksMax: 512,
  /** Characters of the finished chunks of one game. Beyond, the oldest is gone: 410. */
  charactersMax: 8 * 1024 * 1024,
  /** How long a request for the next chunk waits for it. Then 204 (sports S15). */
  holdMs: 10_000,
  /** Requests that wait, of all games. Beyond: 503. A cache in front asks once for all its viewers. */
  heldMax: 20_000,
  /** Snapshots by version of one game that are kept. Beyond, the oldest is gone: 410. Each is some tens of kilobytes. */
  snapshotsMax: 16,
  /** The newest snapshot is made at most this often; caches may hold it for twice as long. */
  latestMs: 500,
  /** How long an event stream lasts. Longer than a cache may hold it, so that one that has ended is never taken for a live one (sports S16). */
  streamMs: 25_000,
  /** How long a cache may let newcomers join a stream, in seconds (sports S16). */
  streamAgeS: 20,
  /** Between comments of a quiet stream. */
  heartbeatMs: 10_000,
  /** Streams of all games. Beyond: 503. */
  streamsMax: 20_000,
  /** Bytes that wait for one reader. Beyond, its stream is cut; it comes back with a chunk's number. */
  streamBytesMax: 1024 * 1024,
  /** Games whose chunks are in memory. Beyond, those that were asked for least lately are made anew from the channel's history when they are asked for. */
  gamesMax: 1_000,
  /** How long the chunks of a game are kept that nobody asks for. */
  idleMs: 10 * 60_000,
} as const
