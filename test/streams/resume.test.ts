import { describe, expect, test } from 'bun:test'
import { Curl, FetchedStream, lacks, ServerProcess, startServer, type TestServer, until } from '../kit/index.ts'

const open = { allow_subscribe_for_client: true, allow_subscribe_for_anonymous: true } as const
const history = { history_size: 1000, history_ttl: '10m' } as const
const namespaces = [
  { name: 'kept', ...open, ...history },
  { name: 'disk', ...open, ...history, history_store: 'disk' as const },
  { name: 'short', ...open, history_size: 100, history_ttl: '200ms' },
  { name: 'newest', ...open, delivery: 'latest' as const },
  { name: 'board', ...open, delivery: 'conflated' as const },
]
const channel = { namespaces }

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)

/** Publishes 1, 2, 3, … to the channels in turn until it is stopped. */
function flow(publish: (channel: string, n: number) => Promise<unknown>, channels: readonly string[]) {
  let running = true
  let n = 0
  const done = (async () => {
    for (; running; await Bun.sleep(2)) {
      n++
      await Promise.all(channels.map(name => publish(name, n)))
    }
    return n
  })()
  return {
    /** @returns the last number */
    stop() {
      running = false
      return done
    },
  }
}

describe.skipIf(lacks('curl', 'streams that break off and come back'))('a stream that comes back', () => {
  test.each(['header', 'last_event_id', 'lastEventId'])(
    '[E12] killed again and again while publications flow, it has every one of them once (cursor by %s)',
    async way => {
      await using server = await startServer({ channel })
      const channels = ['kept:a', 'kept:b', 'kept:c']
      const running = flow((name, n) => server.publish(name, n), channels)
      const url = `${server.url}/sse?${channels.map(name => `channel=${name}`).join('&')}`
      const got: Record<string, unknown[]> = { 'kept:a': [], 'kept:b': [], 'kept:c': [] }
      let cursor = ''
      for (let round = 0; round < 8; round++) {
        const resumed = round > 0
        const curl =
          way === 'header' ? new Curl(url, resumed ? { 'Last-Event-ID': cursor } : {}) : new Curl(resumed ? `${url}&${way}=${cursor}` : url)
        await using _ = curl
        const { subs } = await curl.opened()
        if (resumed) for (const name of channels) expect(subs[name]).toMatchObject({ recovered: true, was_recovering: true })
        await until('some came', () => curl.events.length > 5 + round)
        if (round === 7) {
          const last = await running.stop()
          await until('the last one came', () => channels.every(name => curl.data(name).at(-1) === last))
        }
        await curl.kill()
        cursor = curl.lastEventId
        expect(cursor.length).toBeLessThanOrEqual(256)
        for (const name of channels) got[name]?.push(...curl.data(name))
      }
      const last = await running.stop()
      for (const name of channels) {
        const first = Number(got[name]?.[0])
        expect(got[name]).toEqual(numbers(first, last))
      }
    },
  )

  test('[E13] by a server that shares nothing with the first it is told recovered: false, and gets no part', async () => {
    await using first = await ServerProcess.start({ channel })
    await using second = await ServerProcess.start({ channel })
    for (const n of [1, 2, 3]) {
      await first.publish('kept:a', n)
      await second.publish('kept:a', n)
    }
    await using curl = new Curl(`${first.url}/sse?channel=kept:a`)
    await curl.opened()
    await first.publish('kept:a', 4)
    await until('it came', () => curl.publications('kept:a').length === 1)
    await using elsewhere = new Curl(`${second.url}/sse?channel=kept:a`, { 'Last-Event-ID': curl.lastEventId })
    const { subs } = await elsewhere.opened()
    expect(subs['kept:a']).toMatchObject({ recovered: false, was_recovering: true, offset: 3 })
    expect(subs['kept:a']?.publications).toBeUndefined()
    await second.publish('kept:a', 4)
    await until('it goes on', () => elsewhere.data('kept:a').length === 1)
  })

  test('[E14] after its history was removed, grew too old or too short, it is told recovered: false', async () => {
    await using server = await startServer({
      channel: { namespaces: [...namespaces, { name: 'few', ...open, history_size: 3, history_ttl: '1m' }] },
    })
    const channels = ['kept:a', 'short:a', 'few:a']
    const url = `${server.url}/sse?${channels.map(name => `channel=${name}`).join('&')}`
    const curl = new Curl(url)
    await curl.opened()
    for (const name of channels) await server.publish(name, 1)
    await until('they came', () => curl.pushes.length === 4)
    await curl.kill()
    for (const name of channels) for (const n of [2, 3, 4, 5]) await server.publish(name, n)
    await server.node.broker.removeHistory('kept:a')
    await server.passes(250)
    await using late = new Curl(url, { 'Last-Event-ID': curl.lastEventId })
    const { subs } = await late.opened()
    for (const name of channels) {
      expect(subs[name]).toMatchObject({ recovered: false, was_recovering: true, offset: 5 })
      expect(subs[name]?.publications).toBeUndefined()
    }
  })

  test('[E15] after a restart on the same data folder a history on disk resumes exactly, one in memory says recovered: false', async () => {
    await using server = await ServerProcess.start({ channel })
    const url = `${server.url}/sse?channel=disk:a&channel=kept:a`
    const curl = new Curl(url)
    await curl.opened()
    for (const n of [1, 2, 3]) for (const name of ['disk:a', 'kept:a']) await server.publish(name, n)
    await until('they came', () => curl.data('disk:a').length === 3 && curl.data('kept:a').length === 3)
    await curl.kill()
    for (const n of [4, 5]) await server.publish('disk:a', n)
    await server.stop('SIGKILL')
    await server.start()
    await server.publish('disk:a', 6)
    await using back = new Curl(url, { 'Last-Event-ID': curl.lastEventId })
    const { subs } = await back.opened()
    expect(subs['disk:a']).toMatchObject({ recovered: true, was_recovering: true, offset: 3 })
    expect(subs['kept:a']).toMatchObject({ recovered: false, was_recovering: true })
    await server.publish('disk:a', 7)
    await until('it goes on', () => back.data('disk:a').length === 4)
    expect(back.data('disk:a')).toEqual([4, 5, 6, 7])
    expect(server.complaints).toBe('')
  })

  test('[E16] a cursor over many channels is at most 256 bytes; what did not fit says so, the rest resumes', async () => {
    await using server = await startServer({ channel })
    const channels = numbers(1, 60).map(n => `kept:channel-${n}`)
    const url = `${server.url}/sse?${channels.map(name => `channel=${name}`).join('&')}`
    const curl = new Curl(url)
    await curl.opened()
    for (const name of channels) await server.publish(name, 1)
    await until('all came', () => curl.pushes.length === 61)
    await curl.kill()
    expect(curl.events.every(({ id }) => id !== undefined && /^[\w-]{1,256}$/.test(id))).toBe(true)
    for (const name of channels) await server.publish(name, 2)
    await using back = new Curl(url, { 'Last-Event-ID': curl.lastEventId })
    const { subs } = await back.opened()
    const recovered = channels.filter(name => subs[name]?.recovered === true)
    expect(recovered.length).toBeGreaterThanOrEqual(25)
    for (const name of channels) expect(back.data(name)).toEqual(recovered.includes(name) ? [2] : [])
    expect(Object.values(subs).every(sub => sub.was_recovering === true)).toBe(true)
  })

  test('[E17] a newest-only channel gives what came meanwhile and nothing twice; a conflated one starts with a snapshot', async () => {
    await using server = await startServer({ channel })
    const url = `${server.url}/sse?channel=newest:a&channel=board:a`
    await server.publish('newest:a', 1)
    const curl = new Curl(url)
    await curl.opened()
    await curl.kill()
    const back = new Curl(url, { 'Last-Event-ID': curl.lastEventId })
    expect((await back.opened()).subs['newest:a']?.publications).toEqual([])
    await back.kill()
    await server.publish('newest:a', 2)
    await server.publish('newest:a', 3)
    await server.publish('board:a', { bid: 1 }, { key: 'K' })
    await using again = new Curl(url, { 'Last-Event-ID': back.lastEventId })
    const { subs } = await again.opened()
    expect(subs['newest:a']?.publications?.map(({ data }) => data)).toEqual([3])
    expect(subs['board:a']?.data).toEqual({ K: { bid: 1 } })
  })

  test.each(['', 'rubbish', '!!!', 'A'.repeat(300), '../../etc', 'AQAB_w', '%00', '💥'])(
    '[E18] a cursor that is not one of ours (%j) begins afresh',
    async cursor => {
      await using server = await startServer({ channel })
      await server.publish('kept:a', 1)
      const { subs } = await opened(server, `channel=kept:a&last_event_id=${encodeURIComponent(cursor)}`)
      expect(subs['kept:a']).toMatchObject({ recovered: false, was_recovering: false, offset: 1 })
    },
  )

  test('[E19] a cursor from another URL resumes the channels that both have, and the new ones say recovered: false', async () => {
    await using server = await startServer({ channel })
    const curl = new Curl(`${server.url}/sse?channel=kept:a&channel=kept:b`)
    await curl.opened()
    await server.publish('kept:a', 1)
    await until('it came', () => curl.data('kept:a').length === 1)
    await curl.kill()
    await server.publish('kept:b', 2)
    const { subs } = await opened(server, `channel=kept:b&channel=kept:c&last_event_id=${curl.lastEventId}`)
    expect(subs['kept:b']).toMatchObject({ recovered: true, publications: [{ data: 2, offset: 1 }] })
    expect(subs['kept:c']).toMatchObject({ recovered: false, was_recovering: true })
  })
})

async function opened(server: TestServer, query: string) {
  using stream = new FetchedStream(`${server.url}/sse?${query}`)
  return await stream.opened()
}
