/** Every bound of the hooks, with its unit and its reason. */
export const hookLimits = {
  /** Bytes of one answer. Beyond: it counts as one that makes no sense. */
  answerBytesMax: 1_048_576,
  /** Questions that one back end is asked at the same time. Beyond: they wait, round robin by user, and their time-out begins when they are asked. */
  questionsMax: 128,
  /** The same of one user, or one address of strangers: half of them, so that others find the rest however slow the back end is. */
  questionsPerUserMax: 64,
  /** Questions that wait. Beyond: error 111, and the client tries again. */
  questionsWaitingMax: 10_000,
  /** The same of one user, or one address of strangers. */
  questionsWaitingPerUserMax: 5_000,
  /** Notices that wait for one back end, some 500 bytes each. Beyond: the oldest is dropped, since the newest says how things are. */
  noticesMax: 50_000,
  /** How long a closing server goes on sending notices. The rest is dropped. */
  closeMs: 3_000,
  /** Between two questions of the same kind: a client waits for it. */
  questionBackoff: { baseMs: 50, capMs: 1_000 },
  /** Between two tries of a notice: ten of them outlast a restart of the back end. */
  noticeBackoff: { baseMs: 500, capMs: 30_000 },
  /** Between two log lines on the same hook, so that an outage does not flood the log. */
  hookLogMs: 1_000,
} as const
