import type { ConversationView } from '../../src/services/chat/client/index.ts'
import { type ChatOptions, chatWith } from '../../src/services/chat/index.ts'
import { deleteConversation, setOwn } from '../../src/services/chat/store/index.ts'
import type { Sql } from '../../src/store/index.ts'
import { testServer } from '../kit/api.ts'
import { generous } from './chat-pair.ts'
import { ChatRows } from './rows.ts'

/** A server on rows that the test holds as well. */
export function serveRows(sql: Sql, bounds: ChatOptions['bounds'] = generous) {
  const shared: Sql = {
    dialect: sql.dialect,
    run: sql.run.bind(sql),
    all: sql.all.bind(sql),
    transaction: sql.transaction.bind(sql),
    close: async () => {},
  }
  return testServer({}, { services: [chatWith({ openSql: async () => shared, bounds })] })
}

/** Many conversations of one user, of every kind: unread, pinned, muted, archived, deleted, groups that were renamed or left. */
export async function fill(sql: Sql, user: string, count: number): Promise<{ readonly rows: ChatRows; readonly ids: readonly string[] }> {
  const rows = await ChatRows.open(sql)
  const ids: string[] = []
  for (let n = 0; n < count; n += 50) {
    await rows.unitsOfWork.commit(async change => {
      // A transaction that is broken off begins again.
      ids.length = n
      for (let i = n; i < Math.min(count, n + 50); i++) ids.push(await begin(rows, change, user, i))
    })
  }
  return { rows, ids }
}

type Change = Parameters<Parameters<ChatRows['unitsOfWork']['commit']>[0]>[0]

async function begin({ groups, messages }: ChatRows, change: Change, user: string, n: number): Promise<string> {
  const other = `other-${n}`
  const isGroup = n % 10 === 3
  const { id } = isGroup ? await groups.create(change, other, `Group ${n}`, [user], `g${n}`) : await groups.direct(change, user, other)
  const say = (text: string) =>
    messages.send(change, { user: other, device: 'x' }, { conversation: id, cid: `${n}-${text}`, text, device: 'x' })
  for (let m = 0; m < n % 4; m++) await say(`${m}`)
  if (isGroup && n % 20 === 3) await groups.rename(change, other, id, `Renamed ${n}`)
  if (n % 50 === 1) await setOwn(change, user, id, { pinned: true })
  if (n % 9 === 2) await setOwn(change, user, id, { muted: true })
  if (n % 25 === 5) await setOwn(change, user, id, { archived: true })
  if (n % 40 === 7) await setOwn(change, user, id, { unread: true })
  if (n % 100 === 13) await groups.leave(change, user, id)
  if (n % 60 === 11) await deleteConversation(change, user, id)
  return id
}

/** What of a list two devices must agree on. */
export function listed(conversations: readonly ConversationView[]): string[] {
  return conversations.map(({ id, title, unread, muted, pinned, marked, active, ts }) =>
    [id, title, unread, muted, pinned, marked, active, ts].join(' '),
  )
}
