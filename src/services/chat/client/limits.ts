/** Bounds of a client, and its paces. */
export const limits = {
  /** Entries of one page of history, and holes up to this size are filled unasked: one page does it. */
  pageEntries: 50,
  holeMax: 100,
  /** How often a page is asked for again that comes too soon, before whoever wants it is told. */
  pageAttempts: 8,
  /** Slots of a conversation that the cache keeps: what a page shows before it has asked. */
  cachedSlots: 200,
  /** Slots of a conversation in memory that is not on screen; beyond, the oldest go and are paged again. */
  slotsMax: 1000,
  /**
   * Conversations that the cache keeps, some kilobytes each. Beyond, those least recently used go, a tenth at a time, but for pinned and unread
   * ones; the list then comes from the server when a page opens.
   */
  cachedConversations: 5_000,
  conversationsPage: 200,
  /** Messages that wait to be sent. Beyond, a new one fails at once with `outbox_full`. */
  outboxMax: 1000,
  /** An acknowledgement leaves after this time or this many entries (chat M5). */
  ackMs: 1000,
  ackEntries: 32,
  /** And no more often than this, so that a long backlog leaves room for other commands. */
  ackPauseMs: 200,
  /** Reads of one conversation are sent at most this often (chat M10). */
  readMs: 1000,
  /** While one types it is said again this often, and believed of others for this long (chat M13). */
  typingAgainMs: 3000,
  typingKeptMs: 6000,
  /** How long a hole in the order may be just lateness. */
  healMs: 1000,
  /** What is left of a mute that is worth telling the server. */
  muteMsMin: 1_000,
  /** The list and settings are asked for again after up to this long. */
  askBackoff: { baseMs: 500, capMs: 15_000 },
  /** Sends are tried again after up to this long, doubled at each attempt. */
  sendBackoff: { baseMs: 500, capMs: 30_000 },
  /** Members whose presence is asked for at once. */
  presenceMax: 256,
  /** A device is in use for so long after each input, and says so again this often meanwhile (the server believes it for two minutes). */
  inUseIdleMs: 60_000,
  inUseAgainMs: 45_000,
  /** Messages whose files are uploaded at the same time, links asked for at once, and how long one must still last to be used without asking for another. */
  uploadsAtOnce: 2,
  linksMax: 100,
  linkLeftMs: 60_000,
  /** Files of one's own that are shown from memory after they were sent. */
  ownFilesMax: 32,
  /** How long an answer is waited for, and a connection is tried. */
  answerMs: 10_000,
  reconnect: { minMs: 300, maxMs: 20_000 },
} as const
