import type { Invited, InvitedEntry } from '../model/wire.ts'

/** The groups that the user is asked into, the newest first. Objects are new when something changed. */
export class InvitedGroups {
  #all: readonly Invited[] = []

  get all(): readonly Invited[] {
    return this.#all
  }

  /** What came by the inbox. */
  hear({ conversation, title, author, members, ts, open }: InvitedEntry): void {
    const others = this.#all.filter(other => other.conversation !== conversation)
    this.replace(open ? [{ conversation, title, author, members, ts }, ...others] : others)
  }

  /** What the server answered. */
  replace(invited: readonly Invited[]): void {
    this.#all = invited.toSorted((one, other) => other.ts - one.ts || (one.conversation < other.conversation ? -1 : 1))
  }
}
