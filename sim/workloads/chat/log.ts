import type { EntryLine, MemberLine, Rows } from './rows.ts'

/** The rows, by what they are asked for. */
export class Log {
  readonly byConversation: ReadonlyMap<string, readonly EntryLine[]>
  readonly #stays: ReadonlyMap<string, Rows['stays']>
  readonly #hidden: ReadonlySet<string>
  readonly #members: ReadonlyMap<string, MemberLine>
  readonly #changes: ReadonlyMap<string, readonly EntryLine[]>

  constructor(readonly rows: Rows) {
    this.byConversation = Map.groupBy(rows.entries, ({ conversation }) => conversation)
    this.#stays = Map.groupBy(rows.stays, ({ conversation, person }) => `${conversation} ${person}`)
    this.#hidden = new Set(rows.hidden.map(({ conversation, person, seq }) => `${conversation} ${person} ${seq}`))
    const changes = rows.entries.filter(({ kind }) => kind === 'edit' || kind === 'delete')
    this.#changes = Map.groupBy(changes, ({ conversation, target }) => `${conversation} ${target}`)
    this.#members = new Map(rows.members.map(member => [`${member.conversation} ${member.person}`, member]))
  }

  at(conversation: string, seq: number): EntryLine | undefined {
    return this.byConversation.get(conversation)?.[seq - 1]
  }

  member(conversation: string, person: string): MemberLine | undefined {
    return this.#members.get(`${conversation} ${person}`)
  }

  stays(conversation: string, person: string): Rows['stays'] {
    return this.#stays.get(`${conversation} ${person}`) ?? []
  }

  /** Whether somebody was there when it was said. */
  was(person: string, { conversation, seq }: { readonly conversation: string; readonly seq: number }): boolean {
    return this.stays(conversation, person).some(({ from_seq, to_seq }) => from_seq <= seq && seq <= (to_seq ?? seq))
  }

  isHidden(person: string, { conversation, seq }: { readonly conversation: string; readonly seq: number }): boolean {
    return this.#hidden.has(`${conversation} ${person} ${seq}`)
  }

  /** Whether it only changes a message that the person does not have any more: then it need not come. */
  isOfHidden(person: string, entry: EntryLine | undefined): boolean {
    if (entry === undefined || entry.target === null) return false
    return this.isHidden(person, { conversation: entry.conversation, seq: entry.target })
  }

  /** Whether the message was edited or deleted while the person was away from the conversation. */
  missedChange(person: string, { conversation, seq }: EntryLine): boolean {
    const changes = this.#changes.get(`${conversation} ${seq}`) ?? []
    return changes.some(change => !this.was(person, change))
  }
}
