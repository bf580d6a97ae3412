import { expect, test } from 'bun:test'
import { SimClock } from '../../../sim/core/clock.ts'
import { serviceHost } from '../../../test/kit/service-host.ts'
import type { LifecycleEvent } from '../../hub/index.ts'
import type { Json } from '../../kit/index.ts'
import { ChannelHeartbeat } from './channel-heartbeat.ts'
import { Games } from './games.ts'
import { limits } from './limits.ts'
import { SportsStore, sportsTables } from './store.ts'

test('[G15] channels that someone watches say every 15 s that they are followed, and at which version; others are silent', async () => {
  const clock = new SimClock()
  const listeners: ((event: LifecycleEvent) => void)[] = []
  const published: [string, Json][] = []
  const alone = await serviceHost(clock, sportsTables)
  const host = {
    ...alone.host,
    on: (kind: string, listener: (event: never) => void) => {
      listeners.push(event => event.kind === kind && listener(event as never))
    },
    publish: async (channel: string, data: Json, { lane }: { lane?: string } = {}) => {
      if (lane === 'stats') published.push([channel, data])
      return { offset: 1 }
    },
  }
  const games = new Games(host as never, { store: new SportsStore(alone.host.store.sql), isShared: false })
  await games.put('m', { home: 'Reds', away: 'Blues' })
  const heartbeat = new ChannelHeartbeat(host as never, games)
  heartbeat.start()
  const tell = (kind: 'channel_occupied' | 'channel_vacated', channel: string) => {
    for (const listener of listeners) listener({ kind, channel })
  }
  const beats = () => {
    published.length = 0
    clock.advance(limits.heartbeatMs)
    return published.map(([channel, data]) => `${channel} ${JSON.stringify(data)}`)
  }
  expect(beats()).toEqual([])
  for (const channel of ['sports:game_m', 'sports:game_gone', 'sports:league_all', 'chat:x']) tell('channel_occupied', channel)
  expect(beats()).toEqual([
    `sports:game_m {"type":"clock","game":"m","run":0,"version":0,"serverUtcMs":${clock.now()}}`,
    `sports:league_all {"type":"clock","serverUtcMs":${clock.now()}}`,
  ])
  tell('channel_vacated', 'sports:game_m')
  expect(beats()).toHaveLength(1)
  heartbeat.close()
  expect(beats()).toEqual([])
  await alone.close()
})
