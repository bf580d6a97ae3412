import { afterEach, describe, expect, test } from 'bun:test'
import { type Presence, presenceLeaseMs } from '../../src/hub/index.ts'
import type { Heard } from './broker.ts'

/** Presence as one node has it, and what the broker tells of comings and goings in `room:1`. */
export interface PresenceStage {
  readonly presence: Presence
  readonly heard: Heard
  done<T>(work: Promise<T>): Promise<T>
  pass(ms: number): Promise<void>
  close(): Promise<void>
}

const info = (user: string, client = `client of ${user}`) => ({ user, client })

export function presenceContract(name: string, open: () => Promise<PresenceStage>): void {
  const stages: PresenceStage[] = []
  const start = async () => {
    const stage = await open()
    stages.push(stage)
    const { presence, heard, pass, done } = stage
    const there = async () => {
      await pass(300)
      return [...(await done(presence.list('room:1'))).values()].map(({ user }) => user).sort()
    }
    const told = () =>
      heard.messages.flatMap(({ message }) =>
        message.kind === 'publication' ? [] : message.infos.map(({ user }) => `${message.kind} ${user}`),
      )
    return { ...stage, there, told }
  }

  afterEach(async () => {
    for (const stage of stages.splice(0)) await stage.close()
  })

  describe(`the presence contract: ${name}`, () => {
    test('[B237] lists who is there and counts clients and users; joins and leaves are who came and went', async () => {
      const { presence, done, there, told } = await start()
      for (const [user, client] of [['ann'], ['ben'], ['ben', 'his other client']] as const)
        await done(presence.track('room:1', info(user, client)))
      expect(await there()).toEqual(['ann', 'ben', 'ben'])
      expect(await done(presence.stats('room:1'))).toEqual({ clients: 3, users: 2 })
      expect(await done(presence.stats('room:2'))).toEqual({ clients: 0, users: 0 })
      await done(presence.untrack('room:1', 'client of ann'))
      await done(presence.untrack('room:1', 'nobody'))
      expect(await there()).toEqual(['ben', 'ben'])
      expect(told()).toEqual(['join ann', 'join ben', 'join ben', 'leave ann'])
    })

    test('[B237] who is told of again does not come again', async () => {
      const { presence, done, there, told } = await start()
      for (let n = 0; n < 3; n++) await done(presence.track('room:1', info('ann')))
      expect([await there(), told()]).toEqual([['ann'], ['join ann']])
    })

    test('[B237] a node that goes takes with it what it holds, and nothing else', async () => {
      const { presence, done, there } = await start()
      await done(presence.track('room:1', info('here')))
      await done(presence.track('room:1', info('below'), 'edge.1'))
      await done(presence.untrack('room:1', 'client of here', 'edge.1'))
      expect(await there()).toEqual(['below', 'here'])
      await done(presence.drop('edge.1'))
      expect(await there()).toEqual(['here'])
    })

    test('[B237] a lease that is not renewed ends with all that it covers', async () => {
      const { presence, done, there, pass } = await start()
      await done(presence.track('room:1', info('here')))
      await done(presence.track('room:1', info('below'), 'edge.1'))
      presence.renew('edge.1')
      await pass(presenceLeaseMs - 2000)
      presence.renew('edge.1')
      await pass(presenceLeaseMs - 2000)
      expect(await there()).toEqual(['below', 'here'])
      await pass(5000)
      expect(await there()).toEqual(['here'])
    })

    test('[B237] a telling from before another is passed over', async () => {
      const { presence, done, there } = await start()
      await done(presence.track('room:1', info('ann'), 'edge.2', [2]))
      await done(presence.track('room:1', info('ann'), 'edge.1', [1]))
      await done(presence.drop('edge.1'))
      expect(await there()).toEqual(['ann'])
    })
  })
}
