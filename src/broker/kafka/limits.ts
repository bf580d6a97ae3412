/** The bounds of the Kafka client, each with its unit, its reason and what happens at it. */
export const kafkaLimits = {
  /**
   * Partitions in one fetch session: the broker looks at all of them whenever one has something. A thousand in one session are received
   * 14-20 ms after they were written and cost the broker twice the CPU (Kafka 4.4). Beyond: another session.
   */
  sessionPartitionsMax: 64,
  /**
   * Topics of one partition each in one fetch session, as the broker keeps figures of each topic: of 1,000 topics in sessions of 64 a record
   * is received after 2-3 ms, in sessions of 16 after 0.7 ms, as from one topic that all share (0.65 ms). Beyond: another session.
   */
  sessionTopicsMax: 16,
  /** How long a broker may hold an empty answer of a session that is full. Longer saves requests; a deaf session is told by `deafMs`. */
  fetchWaitMs: 1000,
  /** The same while a session has room, as a partition that joins it is first asked for with the next request. */
  fetchWaitOpenMs: 200,
  /** A session that has not been answered for so long is deaf: its connection is given up, and readiness fails. */
  deafMs: 2000,
  /** An answer may hold this much of one partition, so that a long one does not keep the others waiting. A larger record comes alone. */
  partitionBytesMax: 256 * 1024,
  /** And this much in all: what is decoded in one turn. */
  fetchBytesMax: 1024 * 1024,
  /** Records that are handed to readers in one turn of the event loop. The rest follows in later turns. */
  recordsPerTurn: 2000,
  /** How long a connection may take, with TLS and credentials. */
  connectMs: 1500,
  /** How long a question about the cluster may take, before another broker is asked. */
  askMs: 1500,
  /** How long a broker may take to write a batch. Then the batch is sent again, to whichever broker leads by then. */
  attemptMs: 1500,
  /** How long an append may take in all. Then it has failed for the moment, and may appear all the same. */
  appendMs: 3000,
  /** How long bounds, places by time and slices may take, with all attempts. */
  answerMs: 2800,
  /** The size of a batch at most, where its topic allows that. What does not fit goes into the next. */
  batchBytesMax: 512 * 1024,
  /** The size of the batches of one request at most: what stands still behind a slow partition. */
  requestBytesMax: 4 * 1024 * 1024,
  /** Bytes that wait for one partition. Beyond, appends fail with 111. */
  waitingBytesMax: 16 * 1024 * 1024,
  /** Requests to one broker at a time. What comes meanwhile goes together into the next. */
  appendsUnderWay: 2,
  /** How often the state of connections is looked at. */
  tickMs: 250,
  /** How long a request may be unanswered, beyond its wait, before the cluster is asked who leads now. */
  slowMs: 500,
  /** How long is waited after a failure, before the same broker is tried again. */
  retryMs: 100,
  /** How long `open` tries to reach a broker: they may be starting, too. */
  openMs: 8000,
  /** How long a new topic may take until all of its partitions are served. */
  createMs: 30_000,
  /** How often is looked whether a new topic is served. */
  servedMs: 25,
  /** Topics that are opened, or made, with one request. The rest waits for the next. */
  topicsAtOnce: 500,
  /** How long the cluster must say that there is no such topic: a broker that has just started may not have heard of it. */
  goneMs: 1000,
  /** How long who leads a topic is asked for, after it was read or written last. */
  topicIdleMs: 600_000,
  /** The size of a record that must fit into a topic, with its key and headers. */
  recordBytesMax: 128 * 1024,
} as const
