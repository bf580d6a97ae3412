const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

/** Bounds of chat. What happens at each stands with it. */
export const limits = {
  /** Bytes of a message's text in UTF-8, or of its encrypted form. Beyond: 413 `too_large`. */
  messageBytesMax: 16 * 1024,
  /** UTF-16 units of a title. Beyond: 107. */
  titleMax: 128,
  /** UTF-16 units of a user's name, a device's name and a client's own message id. Beyond: 107. */
  nameMax: 128,
  deviceMax: 64,
  cidMax: 64,
  /** Devices of one user. Beyond, the one that was away longest is unlinked (chat M6); where all are connected, a new one is refused with 106. */
  devicesMax: 16,
  /** Entries that a device may have been sent of its backlog and not acknowledged (chat M5). More come as it acknowledges. */
  windowMax: 256,
  /** Acknowledgements that are written down at once: more would hold up what is said. */
  acksTogether: 64,
  /** How often a node looks by itself for what others have put into inboxes: a word of it may be lost with the node that was to say it. */
  lookMs: 2 * second,
  /** How much an inbox keeps (chat M6). A device that is further behind is told what it lost, and pages history. */
  inboxEntriesMax: 10_000,
  inboxKeptMs: 30 * day,
  /** A device that is silent for longer is unlinked: it begins anew (chat M6). */
  deviceKeptMs: 30 * day,
  /** How long the answer to a send is remembered (chat M1: at least seven days). */
  answersKeptMs: 8 * day,
  /** How often what is too old is swept out, and how many rows of a table, or users' inboxes, go in one step. While there is more, a step follows. */
  sweepMs: 5 * minute,
  sweepRows: 2_000,
  sweepInboxes: 128,
  /** How long a connection is kept of which nobody can say whether it is still there: a node below that lost its link comes back sooner. */
  awayKeptMs: day,
  /** Inboxes that nobody follows any more, or not yet, and whose places are known. Beyond, some that were used least lately are forgotten, and counted anew when they are followed. */
  inboxesIdleMax: 200_000,
  /** So many at once: the oldest keys of a map are found behind the places of all that were deleted before them. */
  inboxesForgotten: 2_000,
  /** Places of one inbox that are remembered until they are acknowledged. Beyond, the older half is forgotten: the rows are asked. */
  placesMax: 1_024,
  /** Of those, how many stay for devices that are a little behind, and where nobody follows the inbox. */
  placesKept: 32,
  /** Entries of a page of history (chat M21). */
  pageMax: 100,
  pageDefault: 50,
  /** Characters of a page of history, but for its first entry: a hundred long messages would be a page of 1.6 MB. Beyond: the page is shorter, and `has_more`. */
  pageBytesMax: 262_144,
  /** Conversations of a page of the list, and results of a search. */
  conversationsMax: 200,
  resultsMax: 50,
  /** Words of a search that an index is asked for. The others are looked for in what it finds. */
  searchWordsMax: 8,
  /** Messages that one statement of a search reads: about a millisecond. */
  searchStep: 64,
  /** Segments of the search index that one statement looks into: a few milliseconds. */
  searchSegments: 512,
  /** Entries that are not in the index yet and are looked through by one search, the newest. Beyond: what is found is `incomplete`. */
  searchUnindexed: 1_024,
  /** Entries are indexed after this time, or when a conversation has this many: several at once cost less than each by itself. */
  indexMs: 5 * second,
  indexEntries: 64,
  /** Between two steps of indexing, so that a database which is new to it takes at most a part of a processor. */
  indexPauseMs: 10,
  /** Conversations that are looked at together for what is not indexed. */
  indexLook: 256,
  /** Receipts of a conversation are told at most this often (chat M10). */
  receiptsMs: second,
  /** A typing signal of one user in one conversation passes at most this often (chat M13). Others are swallowed. */
  typingMs: 2 * second,
  /** In larger groups this many names of typists pass in that time (chat M13). */
  typingSmallGroup: 32,
  typistsMax: 3,
  /** When somebody was last seen is written at most this often while they stay (chat M14). */
  lastSeenMs: minute,
  /** Users in one question after presence. Beyond: 107. */
  presenceMax: 256,
  /** Of those, how many are looked up before others have their turn: about a millisecond. */
  presenceStep: 16,
  /** Groups beyond this do not show who comes and goes. */
  presenceGroupMax: 32,
  /** Invitations of one group that have not ended. Beyond: 106. */
  invitesMax: 32,
  /** Users who may wait to be let into one group at the same time. Beyond: 106. */
  requestsMax: 256,
  /** Groups that a user is asked into and has not answered. Beyond: nobody else's question reaches them. */
  invitedMax: 100,
  /** Users who were ever in one group, as a multiple of its size: their rows stay. Beyond: 106. */
  formerFactor: 8,
  /** How long an invitation lasts at most, and unless said otherwise. */
  inviteMs: 30 * day,
  inviteDefaultMs: 7 * day,
  /** Users whom one message names. Beyond: 107. */
  mentionsMax: 32,
  /** Unread mentions of a conversation that its summary lists. Beyond: the oldest. */
  mentionsToldMax: 100,
  /** How long somebody mutes a conversation for, unless for ever: a year at most. */
  muteMsMin: second,
  muteMsMax: 366 * day,
  /** How long a device is believed to be in use after it said so; one that is says it again sooner. */
  inUseMs: 2 * minute,
  /** Users that one may block. Beyond: 106. */
  blockedMax: 1_000,
} as const
