/** Bounds of the sports service. What happens at each stands with it. */
export const limits = {
  /** Games that are kept. Beyond, a new one is refused with 106: a league of a thousand clubs plays fewer in a season. */
  gamesMax: 10_000,
  /** Games whose events are in memory. Beyond, the one that was touched least lately is read again when it is needed. */
  loadedMax: 256,
  /** Events of one batch. Beyond: 107. A match at full detail has some four thousand. */
  batchMax: 1_000,
  /** Events of one game and feed, deleted ones too. Beyond: 106. */
  eventsMax: 20_000,
  /** Revision of an event: a tick of microseconds until 2112. Beyond: 107. Corrections by other feeds still count on from it. */
  revMax: 2 ** 52,
  /** Feeds that one game was heard from. Beyond: 106. */
  sourcesMax: 16,
  /** Events in one urgent message; a larger change goes out in several, each with the board that holds at the end. */
  messageEventsMax: 50,
  /** Lines of commentary in a snapshot. Older ones are asked for by page. */
  snapshotTextMax: 100,
  /** Games in one list: those that are live, and of the others those nearest in time. The rest is found by its own page. */
  listMax: 200,
  /** Viewers get figures once a second at most; this often they are made. */
  statsIntervalMs: 250,
  /** How long a feed may be silent while another speaks. Beyond, the other is believed where the two differ. */
  silentMs: 30_000,
  /** How often a channel that is watched says that it is still followed, so that a page can tell a quiet match from a dead stream. */
  heartbeatMs: 15_000,
  /** How long after its last change a game is opened by a new owner without being asked for: what the last one still told may come late. */
  livelyMs: 60_000,
  /** After a publication failed, for example while a broker is away. */
  retryMs: 1_000,
} as const
