import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { ChatCommands } from '../../src/services/chat/model/wire.ts'
import { openSql, type Sql } from '../../src/store/index.ts'
import { Device } from '../chat/device.ts'
import { Folder, lacks, Postgres, rounds, until } from '../kit/index.ts'
import { compileDoomed, DoomedServer } from './doomed-server.ts'

type Sent = ChatCommands['chat.send']['out']

const people = ['ann', 'bob', 'cid', 'dee', 'eve']
/** A send that has fewer moments than this was not watched. */
const momentsMin = 30
const momentsMax = 200
/** Every how manieth moment is tried. */
const everyMoment = rounds(4, 1)

describe('R2', () => {
  const folder = new Folder()
  let script = ''

  beforeAll(async () => {
    script = await compileDoomed(folder.path)
  })

  afterAll(() => folder[Symbol.dispose]())

  test(`[R2, M1, M2] the server is killed at awaits of a send in turn (every ${everyMoment === 1 ? '' : `${everyMoment}th `}one), over SQLite: after a retry there is one message, in every inbox`, async () => {
    await using server = new DoomedServer(script)
    await killAtEveryMoment(server)
  })

  test.skipIf(lacks('postgres', 'kills at every await of a send over Postgres'))('[R2, M1, M2] so it is over Postgres', async () => {
    await using postgres = await Postgres.start()
    await using server = new DoomedServer(script, await postgres.database())
    await killAtEveryMoment(server)
  })
})

/** For the first moment of a send, and each that comes so many later: kills the server there, until a send gets through. */
async function killAtEveryMoment(server: DoomedServer): Promise<void> {
  await server.start()
  const devices = await Promise.all(people.map(user => Device.connect(server, user)))
  const [ann] = devices
  if (ann === undefined) throw new Error('nobody is there')
  const { conversation } = await ann.call('chat.group', { title: 'five', members: people, cid: 'five' })
  const rows = await openSql(server.target)
  try {
    for (let n = 1; ; n++) {
      const moment = 1 + (n - 1) * everyMoment
      expect(moment, 'a send does not end').toBeLessThan(momentsMax)
      await server.dieAt(moment)
      const input = { conversation, cid: `cid-${n}`, text: `message ${n}` }
      const answer = await ann.call('chat.send', input).catch(() => undefined)
      if (answer !== undefined) {
        expect(await server.dieAt(0), 'moments of a send').toBeWithin(moment - everyMoment, moment)
        expect(moment).toBeGreaterThan(momentsMin)
        break
      }
      await server.ended()
      expect(server.isDead).toBe(true)
      await server.start()
      await until('all are back', () => devices.every(({ sdk }) => sdk.client.state === 'connected'))
      await checkOnce(rows, devices, input, await ann.call('chat.send', input), await ann.call('chat.send', input), n)
    }
    expect(server.output).toBe('')
  } finally {
    for (const device of devices) device[Symbol.dispose]()
    await rows.close()
  }
}

async function checkOnce(
  rows: Sql,
  devices: readonly Device[],
  { conversation, text }: ChatCommands['chat.send']['in'],
  answer: Sent,
  again: Sent,
  n: number,
): Promise<void> {
  const where = `killed for the ${n}th time`
  expect(JSON.stringify(again), where).toBe(JSON.stringify(answer))
  // The first entry of the log is that of the group.
  expect(answer, where).toMatchObject({ conversation, seq: n + 1, mid: `${conversation}.${n + 1}`, cid: `cid-${n}` })
  const messages = await rows.all<{ seq: number; body: string }>(
    "select seq, body from chat_entry where conversation = ?1 and kind = 'message'",
    conversation,
  )
  const said = messages.filter(({ body }) => JSON.parse(body).text === text)
  expect(
    said.map(({ seq }) => seq),
    where,
  ).toEqual([answer.seq])
  const inboxes = await rows.all<{ person: string }>(
    'select person from chat_item where conversation = ?1 and seq = ?2 order by person',
    conversation,
    answer.seq,
  )
  expect(
    inboxes.map(({ person }) => person),
    where,
  ).toEqual(people)
  for (const device of devices) {
    await device.gets(`message ${n}`, () => device.texts.includes(text))
    const places = new Map(device.received.flatMap(({ offset, entry }) => (entry.kind === 'message' ? [[entry.mid, offset] as const] : [])))
    const offsets = new Set(device.received.flatMap(({ offset, entry }) => (entry.kind === 'message' ? [offset] : [])))
    // Once after deduplication: as many messages as places of the inbox, and as many as were sent.
    expect([places.size, offsets.size], `${device.user}, ${where}`).toEqual([n, n])
  }
}
