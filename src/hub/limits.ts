import type { BackoffOptions, JsonBounds } from '../kit/index.ts'
import { channelNameMax } from '../protocol/index.ts'

/** A sustained rate with room for bursts. */
export interface Rate {
  readonly perSecond: number
  readonly burst: number
}

/** Every bound of the core, with its unit and its reason. What happens at the bound stands with each. */
export interface Limits {
  /** One command or body from a client. Beyond: the WebSocket closes with 1009, HTTP answers 413. */
  readonly commandBytesMax: number
  /** One subscribe command with its token and data, as long as it will be when it recovers. Beyond: error 106. */
  readonly subscribeBytesMax: number
  /**
   * A frame of several commands. SDKs put all subscriptions of a reconnect into one, some of them together with the connect command, so it
   * holds `channelsPerSessionMax` of `subscribeBytesMax` before anybody is known. Beyond: close 1009, which keeps SDKs away.
   */
  readonly frameBytesMax: number
  /**
   * The first line and the headers of a request. A browser names all channels of an event stream in the URL, so it holds as many of the longest name
   * (in ASCII), beside a token, cookies and the cursor. Beyond: 431. One for all servers of a process, which is why the largest counts.
   */
  readonly headBytesMax: number
  /** The server API takes trusted batches, which may be larger than a client's frame. */
  readonly apiBytesMax: number
  readonly json: JsonBounds
  /** A filter by tags, which every publication of its channel is tried by: nodes, values of all sets, and nesting. Beyond: error 107. */
  readonly tagFilter: { readonly nodesMax: number; readonly valuesMax: number; readonly depthMax: number }
  /** Characters of a channel's name. Beyond: error 107. Never more than the wire knows. */
  readonly channelLengthMax: number
  /** Subscriptions of one session. Beyond: error 106. Centrifugo's default. */
  readonly channelsPerSessionMax: number
  /** Sessions of one node. Beyond: close 3504. */
  readonly sessionsMax: number
  /**
   * Sessions of one user on one node; 0 for no limit. Beyond: close 3504. Far more than tabs and devices, and few enough that one token cannot
   * take the room of everybody. A load test that connects with a single token raises it.
   */
  readonly sessionsPerUserMax: number
  /** Sessions of strangers from one address: what the users of a large shared network need. Beyond: close 3013 (an event stream ends, to come back), or 429 before they have said who they are. Loopback is not counted. */
  readonly strangersPerAddressMax: number
  /** Percent of `sessionsMax` that strangers may not take: known users find room however many strangers come. Beyond: 503, or close 3013. */
  readonly knownUsersPercent: number
  /** New sessions from one address. Beyond: HTTP 429 before the upgrade. */
  readonly connectRatePerAddress: Rate
  /** New sessions of the node: a herd after a restart is admitted at the pace that the node can bear. Beyond: 503 with Retry-After. */
  readonly connectRate: Rate
  /** Commands of one connection. Beyond: error 111; ten times in a row: close 3013. */
  readonly commandRate: Rate
  /** Commands of one user over all connections. Beyond: error 111. */
  readonly commandRatePerUser: Rate
  /** Commands of all strangers of one address over their connections, and channels of their event streams: a network may share one. Beyond: error 111. */
  readonly commandRatePerAddress: Rate
  /** Tokens from one address that are no good. Beyond: error 111 without a look at the token, since guessing costs the guesser nothing. Loopback is not counted: everybody may be behind a proxy there. */
  readonly failedTokenRatePerAddress: Rate
  /** Malformed input that one connection may send before it is closed with 3501. */
  readonly malformedRate: Rate
  /** Commands of one session that wait for an earlier one, and of one frame. Beyond: close 3013. */
  readonly commandsPendingMax: number
  /** Bytes queued for one session that reads slower than its streams flow. Beyond: close 3008. Centrifugo's default. */
  readonly outboxBytesMax: number
  /** Bytes waiting in the socket from which nothing more is written (R3). */
  readonly outboxHighWaterBytes: number
  /** Bytes waiting in the socket up to which conflated news is still added: what waits there cannot become newer. */
  readonly outboxLowWaterBytes: number
  /** Subscribers from which a channel writes to those that follow nothing else as one group. Below, a group costs more than it saves. */
  readonly broadcastMin: number
  /** How long a session may make no progress with something to send. Beyond: close 3008 (sports S19). */
  readonly stalledMs: number
  /** Publications that one subscription holds while it catches up. Beyond: error 100, and the client tries again. */
  readonly catchingUpMax: number
  /** Publications that one recovery replays. Beyond: recovered is false. */
  readonly recoveryMax: number
  /**
   * Bytes of publications that one session has recovered and not been sent. They are references to the history where it is in memory, and the
   * whole cost of a recovery where it is not. Beyond: recovered is false; a subscription that falls behind while it is replayed begins again (2500).
   */
  readonly recoveryBytesMax: number
  /**
   * Bytes of recovered publications that come within replies while these wait to be sent; the rest follows as publications, as the socket
   * drains. SDKs give up a subscribe that is not answered in 5 s, and a line of 15 KB/s brings the default in that time.
   */
  readonly recoveryInReplyBytes: number
  /** Bytes of one piece of a replay: little enough that a ping or a reply behind it is on its way soon on any line. */
  readonly replayPieceBytes: number
  /** Bytes that are still to be replayed up to which another subscription is recovered at once. Beyond: it waits for `recoveryWaitMs`. */
  readonly replayWindowBytes: number
  /** How long a subscribe waits until what was recovered before it is sent: less than the 5 s after which SDKs give it up. */
  readonly recoveryWaitMs: number
  /** Publications in one history reply. */
  readonly historyPageMax: number
  /** Bytes of publications in one history reply: it goes out in one piece. Beyond: the page ends earlier, with one publication at least. */
  readonly historyPageBytesMax: number
  /** Bytes of one list of who is in a channel, for clients: it goes out in one piece. Beyond: error 106, and `presence_stats` still counts them. */
  readonly presenceBytesMax: number
  /** Bytes that wait for all clients of a node. Beyond: who holds most is closed with 3008. */
  readonly unsentBytesMax: number
  /** Bytes that wait for all connections of a user. Beyond: the connection that holds most is closed with 3008. */
  readonly unsentBytesPerUserMax: number
  /** Keys of one `conflated` channel. Beyond: a publication with a new key is refused with 106. */
  readonly conflatedKeysMax: number
  /** Channels that keep history or state in memory. Beyond: the one idle for longest is forgotten. */
  readonly streamsMax: number
  /** Joins and leaves of a channel that go out in one tick one by one. Beyond: they are gathered and cancel each other out. */
  readonly joinsPerTickMax: number
  /** How long gathered joins and leaves wait. */
  readonly joinBatchMs: number
  /** How long a connection may keep quiet in the middle of a request, or after its answer: who sends half a body must not hold a socket for ever. Longer than the minute after which balancers drop their idle connections, or a request may meet the end of ours. Beyond: it is cut. */
  readonly idleMs: number
  readonly pingIntervalMs: number
  readonly pongTimeoutMs: number
  /** How long a WebSocket may stay open without a connect command. Beyond: close 3502. */
  readonly staleMs: number
  /** Between heartbeat comments of an event stream. */
  readonly sseHeartbeatMs: number
  /**
   * How long a client is told to wait where its event stream ended for good. A browser comes back once, and stops at the answer; for whoever does
   * not, it is the pace at which it goes on asking.
   */
  readonly sseEndedRetryMs: number
  /** How long an event stream waits before it asks again for a channel that could not be opened for the moment: from half of the first on, twice as long each time, up to the second. */
  readonly lateChannelRetry: BackoffOptions
  /** How long the watchlist of a broken event stream is kept for its return (E26). */
  readonly sseLingerMs: number
  /** How long a channel without local subscribers stays open upstream (architecture: 30 s), which spares flapping. */
  readonly channelLingerMs: number
  /** How often a node asks whether it missed the end of a channel; 0 where the broker is in the same process. */
  readonly positionCheckMs: number
  /** How much longer a token counts as valid after it expired, so that a refresh can arrive. Centrifugo's default is 25 s. */
  readonly expiryGraceMs: number
}

/**
 * Seconds of time left that a client is told at most, as Centrifugo does: typed SDKs count them in 32 bits, and fail at more. Beyond: the
 * client refreshes once a year, and what was granted lasts as long as it was given.
 */
export const ttlMaxS = 365 * 24 * 3600

/** Publications that one delayed channel holds back: three hundred a second for a minute. Beyond: who follows it begins again, as after a history that broke off. */
export const heldBackMax = 20_000

/** What the options of a namespace may be, from configuration and from code. Beyond: refused at the start, with the option's name. */
export const namespaceBounds = {
  name: /^[-\w.]{1,64}$/,
  /** Ten years: longer is a mistake in the unit. */
  ttlMaxMs: 3650 * 86_400_000,
  historySizeMax: 10_000_000,
  /** Below, conflation costs more than it spares. */
  intervalMinMs: 10,
  /** Beyond, a subscriber would take the channel for dead. */
  intervalMaxMs: 60_000,
  /** Each has a state store per channel and a read cursor per subscriber. */
  lanesMax: 16,
  laneMax: 1_000_000,
} as const

/** What a character of a name may take in UTF-8, counted as its limit counts: by UTF-16 units. */
export const bytesPerCharacter = 3

/** What a recovery adds to a subscribe command or to an entry of `connect.subs`: `"recover":true,"epoch":"…","offset":…` at their longest. */
export const positionBytes = 128

export const defaultLimits: Limits = {
  commandBytesMax: 65_536,
  subscribeBytesMax: 4_096,
  frameBytesMax: 128 * 4_096,
  headBytesMax: 64 * 1024,
  apiBytesMax: 8 * 1024 * 1024,
  json: { depthMax: 32, keysMax: 256, itemsMax: 10_000 },
  tagFilter: { nodesMax: 64, valuesMax: 1_000, depthMax: 8 },
  channelLengthMax: channelNameMax,
  channelsPerSessionMax: 128,
  sessionsMax: 200_000,
  sessionsPerUserMax: 1_000,
  strangersPerAddressMax: 4_096,
  knownUsersPercent: 20,
  connectRatePerAddress: { perSecond: 20_000, burst: 20_000 },
  connectRate: { perSecond: 20_000, burst: 20_000 },
  commandRate: { perSecond: 500, burst: 5_000 },
  commandRatePerUser: { perSecond: 2_000, burst: 10_000 },
  commandRatePerAddress: { perSecond: 20_000, burst: 20_000 },
  failedTokenRatePerAddress: { perSecond: 10, burst: 1_000 },
  malformedRate: { perSecond: 1, burst: 20 },
  commandsPendingMax: 4_096,
  outboxBytesMax: 1_048_576,
  outboxHighWaterBytes: 65_536,
  outboxLowWaterBytes: 2_048,
  broadcastMin: 64,
  stalledMs: 20_000,
  catchingUpMax: 10_000,
  recoveryMax: 5_000,
  recoveryBytesMax: 16 * 1024 * 1024,
  recoveryInReplyBytes: 64 * 1024,
  replayPieceBytes: 32 * 1024,
  replayWindowBytes: 1024 * 1024,
  recoveryWaitMs: 2_000,
  historyPageMax: 1_000,
  historyPageBytesMax: 1024 * 1024,
  presenceBytesMax: 1024 * 1024,
  unsentBytesMax: 256 * 1024 * 1024,
  unsentBytesPerUserMax: 32 * 1024 * 1024,
  conflatedKeysMax: 10_000,
  streamsMax: 1_000_000,
  joinsPerTickMax: 32,
  joinBatchMs: 250,
  idleMs: 75_000,
  pingIntervalMs: 25_000,
  pongTimeoutMs: 8_000,
  staleMs: 10_000,
  sseHeartbeatMs: 15_000,
  sseEndedRetryMs: 60_000,
  lateChannelRetry: { baseMs: 1_000, capMs: 30_000 },
  sseLingerMs: 60_000,
  channelLingerMs: 30_000,
  positionCheckMs: 0,
  expiryGraceMs: 25_000,
}
