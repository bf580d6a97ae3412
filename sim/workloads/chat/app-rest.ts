import type { Judge } from '../../core/judge.ts'
import type { Tally } from '../../core/tally.ts'
import type { AppDevice } from './app-device.ts'
import type { Log } from './log.ts'

/** What the client layer promises beyond what any device must hold: its outbox, its order, and ticks that are true. */
export function checkApp(judge: Judge, tally: Tally, log: Log, app: AppDevice): void {
  const { user, client } = app
  const said = new Map<string, number>()
  for (const { kind, author, body } of log.rows.entries) {
    if (kind !== 'message' || author !== user || body === null) continue
    const { device, cid } = JSON.parse(body).origin
    if (device === app.name) said.set(cid, (said.get(cid) ?? 0) + 1)
  }
  const deleted = log.rows.entries.some(({ author, deleted }) => author === user && deleted === 1)
  for (const [cid, conversation] of app.sent) {
    const times = said.get(cid) ?? 0
    judge.hold(times <= 1, `${user}/app sent ${cid} once, and it is in the log ${times} times`)
    judge.hold(times === 1 || deleted || app.failed.has(cid), `${user}/app sent ${cid} to ${conversation}, and it is lost`)
    judge.hold(times === 0 || !app.failed.has(cid), `${user}/app believes that ${cid} was refused`)
  }
  for (const { id } of client.conversations) {
    const items = client.messages(id)
    judge.hold(
      items.every((item, index) => (item.seq ?? Number.MAX_SAFE_INTEGER) >= (items[index - 1]?.seq ?? 0)),
      `${user}/app shows ${id} out of order`,
    )
    judge.hold(new Set(items.map(({ key }) => key)).size === items.length, `${user}/app shows something twice in ${id}`)
    for (const item of items)
      if (item.kind === 'message' && item.mine && item.seq !== undefined && !item.deleted)
        checkTick(judge, tally, log, app, id, item.seq, item.state)
  }
}

function checkTick(judge: Judge, tally: Tally, log: Log, { user }: AppDevice, conversation: string, seq: number, state: string): void {
  if (state !== 'delivered' && state !== 'read') return
  for (const member of log.rows.members) {
    if (member.conversation !== conversation || member.person === user || member.active === 0) continue
    if (!log.was(member.person, { conversation, seq })) continue
    tally.count('app ticks checked')
    const reached = state === 'read' ? member.read_to : member.delivered_to
    judge.hold(reached >= seq, `${user}/app shows ${conversation}.${seq} as ${state}, ${member.person} is at ${reached}`)
  }
}
