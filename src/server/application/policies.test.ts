import { describe, expect, test } from 'bun:test'
import { defineNamespace } from '../../hub/index.ts'
import { configure } from '../config/index.ts'
import { Policies } from './policies.ts'

const news = { name: 'news', historySize: 7, historyTtlMs: 60_000 }

describe('the namespaces of a server', () => {
  test('[T21] on the central node those of the configuration win over those of services', () => {
    const policies = new Policies([defineNamespace(news)], true)
    policies.bring(defineNamespace({ ...news, historySize: 1 }))
    policies.bring(defineNamespace({ ...news, name: 'chat' }))
    expect(policies.namespaces.resolve('news:1')?.delivery.history.size).toBe(7)
    expect(policies.namespaces.resolve('chat:1')).toBeDefined()
  })

  test('[T21] on a relay they are those of the parent; one that stays the same keeps its identity, others are named', () => {
    const policies = new Policies([defineNamespace({ ...news, name: 'own' })], false)
    policies.bring(defineNamespace({ ...news, name: 'brought' }))
    expect(policies.namespaces.list()).toEqual([])
    expect(policies.adopt([news, { ...news, name: 'chat' }])).toEqual(new Set())
    const kept = policies.namespaces.resolve('news:1')
    expect(policies.adopt([structuredClone(news), { ...news, name: 'chat', presence: true }, { ...news, name: 'more' }])).toEqual(
      new Set(['chat']),
    )
    expect(policies.namespaces.resolve('news:1') === kept).toBe(true)
    expect(policies.namespaces.resolve('chat:1')?.presence).toBe(true)
    expect(policies.adopt([news])).toEqual(new Set(['chat', 'more']))
    expect(policies.namespaces.resolve('more:1')).toBeUndefined()
  })

  test('[T21] namespaces in the configuration of a relay are said to do nothing', () => {
    const { warnings } = configure({ upstream: ['ws://parent:7400'], channel: { namespaces: [{ name: 'own' }] } })
    expect(warnings).toEqual(['channel.namespaces: does nothing on a relay, which takes those of its parent'])
  })
})
