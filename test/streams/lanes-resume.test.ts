import { afterEach, describe, expect, test } from 'bun:test'
import type { ConfigInput } from '../../src/index.ts'
import { FetchedStream, type TestServer, until } from '../kit/index.ts'
import { endAll, startCentral, startRelay } from '../kit/servers/tree.ts'

const match: NonNullable<NonNullable<ConfigInput['channel']>['namespaces']>[number] = {
  name: 'match',
  delivery: 'lanes',
  history_size: 100,
  history_ttl: '10m',
  lanes: [
    { name: 'urgent', interval: '0s', keep: 'all' },
    { name: 'stats', interval: '50ms', keep: 'newest', max: 10 },
    { name: 'text', interval: '50ms', keep: 'tail', max: 10 },
  ],
}

/** A service whose state is what it has published, as that of a match is. */
async function startMatch(): Promise<{ central: TestServer; tell: (lane: string, said: string) => Promise<unknown> }> {
  const central = await startCentral({ channel: { namespaces: [match] } })
  const state: string[] = []
  central.server.authorize('match', () => ({ forEveryone: true, data: () => [...state] }), { anonymous: true })
  const tell = (lane: string, said: string) => {
    state.push(said)
    return central.server.publish('match:1', said, lane === 'urgent' ? {} : { lane, key: lane })
  }
  return { central, tell }
}

function heard(stream: FetchedStream): string {
  return stream.events.map(({ data }) => JSON.stringify(data)).join('\n')
}

describe('who comes back to a channel of lanes', () => {
  afterEach(endAll)

  test.each(['the central node', 'a relay'])('[E36] has missed nothing of any lane, on %s', async where => {
    const { central, tell } = await startMatch()
    const { url } = where === 'a relay' ? await startRelay([central]) : central
    const before = new FetchedStream(`${url}/sse?channel=match:1`)
    await before.opened()
    await tell('urgent', 'kick-off')
    await until('the kick-off is heard', () => heard(before).includes('kick-off'))
    const { lastEventId } = before
    before[Symbol.dispose]()
    await tell('urgent', 'goal')
    await tell('text', 'what a goal')
    await tell('stats', 'one shot')
    using after = new FetchedStream(`${url}/sse?channel=match:1`, { 'Last-Event-ID': lastEventId })
    await after.opened()
    expect(heard(after)).toContain('"recovered":true')
    await until('all of it is heard', () => ['goal', 'what a goal', 'one shot'].every(said => heard(after).includes(`"${said}"`)))
  })
})
