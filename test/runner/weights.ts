/** What a test file took by itself on two cores, and whether it computes for most of that time or waits: for timers, for a browser. */
export interface Weight {
  readonly seconds: number
  readonly does: 'computes' | 'waits'
}

/**
 * The files that take five seconds or more, of the table that `npm test` ends with. They are packed one by one and the longest first; an old
 * figure makes a run a little longer, and nothing else.
 */
export const weights: Readonly<Record<string, Weight>> = {
  'src/services/sports/chunk-routes.test.ts': { seconds: 10, does: 'waits' },
  'test/chat/client-chaos.test.ts': { seconds: 6, does: 'waits' },
  'test/chat/client-lines.test.ts': { seconds: 16, does: 'waits' },
  'test/chat/client.test.ts': { seconds: 6, does: 'waits' },
  'test/chat/groups.test.ts': { seconds: 5, does: 'computes' },
  'test/chat/irc-replay.test.ts': { seconds: 47, does: 'computes' },
  'test/chat/push-live.test.ts': { seconds: 6, does: 'waits' },
  'test/chat/push-services.test.ts': { seconds: 8, does: 'waits' },
  'test/chat/push.test.ts': { seconds: 10, does: 'waits' },
  'test/chat/rows.test.ts': { seconds: 8, does: 'computes' },
  'test/chat/sim.test.ts': { seconds: 43, does: 'computes' },
  'test/chat/store-postgres.test.ts': { seconds: 12, does: 'computes' },
  'test/chat/tree.test.ts': { seconds: 8, does: 'computes' },
  'test/contract/sql.test.ts': { seconds: 7, does: 'computes' },
  'test/e2e/chat.test.ts': { seconds: 72, does: 'waits' },
  'test/e2e/pages.test.ts': { seconds: 55, does: 'waits' },
  'test/e2e/sports.test.ts': { seconds: 9, does: 'waits' },
  'test/http/hooks-tell.test.ts': { seconds: 7, does: 'waits' },
  'test/multinode/command.test.ts': { seconds: 5, does: 'computes' },
  'test/multinode/failover.test.ts': { seconds: 9, does: 'waits' },
  'test/multinode/r6.test.ts': { seconds: 6, does: 'computes' },
  'test/multinode/workers.test.ts': { seconds: 8, does: 'computes' },
  'test/promises/r2.test.ts': { seconds: 32, does: 'computes' },
  'test/promises/r4.test.ts': { seconds: 24, does: 'computes' },
  'test/promises/r5.test.ts': { seconds: 6, does: 'computes' },
  'test/protocol/codes.test.ts': { seconds: 6, does: 'waits' },
  'test/protocol/expiry.test.ts': { seconds: 6, does: 'waits' },
  'test/protocol/recovery.test.ts': { seconds: 5, does: 'waits' },
  'test/safety/idle.test.ts': { seconds: 5, does: 'waits' },
  'test/sim.test.ts': { seconds: 36, does: 'computes' },
  'test/sports/delay-crowd.test.ts': { seconds: 9, does: 'waits' },
  'test/sports/delay.test.ts': { seconds: 16, does: 'waits' },
  'test/sports/ingest.test.ts': { seconds: 8, does: 'waits' },
  'test/sports/pages.test.ts': { seconds: 24, does: 'waits' },
  'test/sports/recorded.test.ts': { seconds: 10, does: 'computes' },
  'test/tree/chunks-nginx.test.ts': { seconds: 14, does: 'waits' },
  'test/tree/ops.test.ts': { seconds: 9, does: 'waits' },
  'test/tree/storm.test.ts': { seconds: 26, does: 'computes' },
  'test/tree/tree.test.ts': { seconds: 17, does: 'computes' },
}
