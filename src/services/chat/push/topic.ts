import { createHash } from 'node:crypto'

/** The most that Web Push takes as a `Topic` (RFC 8030, 5.4); APNs takes 64 bytes. */
const topicLength = 32

/**
 * What all notes on a conversation to one user are collapsed by. The user is in the hash, so that a push service does not see who is in the same
 * conversation.
 */
export function topicOf(user: string, conversation: string): string {
  return createHash('sha256')
    .update(JSON.stringify([user, conversation]))
    .digest('base64url')
    .slice(0, topicLength)
}
