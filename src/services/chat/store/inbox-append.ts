import type { DeleteEntry, InboxEntry, InvitedEntry, ReceiptEntry } from '../model/wire.ts'

/** Something that a transaction put into an inbox, to be delivered when it is committed. */
export interface InboxAppend {
  readonly person: string
  /** Its place in the order of all that comes into inboxes. */
  readonly place: number
  readonly entry: InboxEntry
}

/** What no entry of the log stands for, and so is kept with the inbox itself. */
export type OwnEntry = ReceiptEntry | DeleteEntry | InvitedEntry
