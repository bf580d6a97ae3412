import { Database } from 'bun:sqlite'

/** Fills a store that a server has made and left: what it is made of is copied from rows that the server wrote, whatever columns they have. */
export class NeighbourRows {
  readonly #database: Database

  constructor(path: string) {
    this.#database = new Database(path)
  }

  /** Messages at the end of a conversation. */
  addMessages(conversation: string, author: string, count: number): void {
    const [{ seq, ts } = { seq: 0, ts: 0 }] = this.#database
      .query<{ seq: number; ts: number }, [string]>('select seq, ts from chat_conversation where id = ?')
      .all(conversation)
    this.#database
      .query(
        `with recursive n(n) as (select 1 union all select n + 1 from n where n < ?1)
         insert into chat_entry (conversation, seq, kind, author, ts, target, body, plain, rev, deleted)
         select ?2, ?3 + n, 'message', ?4, ?5, null, json_object('text', 'message number ' || n || ' of those that are searched through'),
           'message number ' || n || ' of those that are searched through', 0, 0 from n`,
      )
      .run(count, conversation, seq, author, ts)
    this.#database.query('update chat_conversation set seq = seq + ?1 where id = ?2').run(count, conversation)
  }

  /** More groups like one, of a member there and of as many others. */
  addGroups(conversation: string, member: string, groups: number, members: number): void {
    const add = this.#database.transaction(() => {
      for (let group = 0; group < groups; group++) {
        const id = `${conversation.slice(0, -4)}${String(group).padStart(4, '0')}`
        this.#copy('chat_conversation', 'where id = ?', [conversation], { id, pair: id })
        for (let other = 0; other < members; other++) {
          const person = other === 0 ? member : `bystander-${other}`
          for (const table of ['chat_member', 'chat_stay'])
            this.#copy(table, 'where conversation = ? and person = ?', [conversation, member], { conversation: id, person })
        }
      }
    })
    add()
  }

  close(): void {
    this.#database.close()
  }

  #copy(table: string, where: string, named: readonly string[], changed: Readonly<Record<string, string>>): void {
    const columns = this.#database
      .query<{ name: string }, []>(`pragma table_info(${table})`)
      .all()
      .map(({ name }) => name)
    const values = columns.map(name => (name in changed ? '?' : `"${name}"`))
    const given = columns.flatMap(name => changed[name] ?? [])
    const names = columns.map(name => `"${name}"`)
    this.#database
      .query(`insert into ${table} (${names.join(', ')}) select ${values.join(', ')} from ${table} ${where}`)
      .run(...given, ...named)
  }
}
