import { expect, test } from 'bun:test'
import { RawClient, until } from '../kit/api.ts'
import { inSeconds } from '../kit/index.ts'
import { BackEnd, serveWith } from './back-end.ts'

test('[B201] what the refresh hook gives is told in the same way: a year at most, and no time at all where there is no end', async () => {
  const ends = [9_999_999_999, 0]
  const backEnd = new BackEnd()
    .on('connect', () => ({ result: { user: 'alice', expire_at: inSeconds(1) } }))
    .on('refresh', () => ({ result: { expire_at: ends.shift() } }))
  const server = await serveWith(backEnd.hooks(['connect', 'refresh']))
  for (const told of [{ expires: true, ttl: 365 * 24 * 3600 }, { expires: false }]) {
    using raw = await RawClient.open(`${server.url.replace('http', 'ws')}/connection/websocket`)
    await raw.call({ connect: {} })
    const { push } = await until('the push is there', () => raw.messages.find(message => message.push !== undefined))
    expect(push).toMatchObject({ refresh: told })
  }
})
