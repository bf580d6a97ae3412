import { describe, expect, test } from 'bun:test'
import { defineNamespace } from '../../hub/index.ts'
import { configure } from '../config/index.ts'
import { NamespaceRegistry } from './namespace-registry.ts'

const news = { name: 'news', historySize: 7, historyTtlMs: 60_000 }

describe('the namespaces of a server', () => {
  test('[T21] on the central node those of the configuration win over those of services', () => {
    const registry = new NamespaceRegistry([defineNamespace(news)], true)
    registry.addFromService(defineNamespace({ ...news, historySize: 1 }))
    registry.addFromService(defineNamespace({ ...news, name: 'chat' }))
    expect(registry.namespaces.resolve('news:1')?.delivery.history.size).toBe(7)
    expect(registry.namespaces.resolve('chat:1')).toBeDefined()
  })

  test('[T21] on a relay they are those of the parent; one that stays the same keeps its identity, others are named', () => {
    const registry = new NamespaceRegistry([defineNamespace({ ...news, name: 'own' })], false)
    registry.addFromService(defineNamespace({ ...news, name: 'brought' }))
    expect(registry.namespaces.list()).toEqual([])
    expect(registry.adoptFromParent([news, { ...news, name: 'chat' }])).toEqual(new Set())
    const kept = registry.namespaces.resolve('news:1')
    expect(registry.adoptFromParent([structuredClone(news), { ...news, name: 'chat', presence: true }, { ...news, name: 'more' }])).toEqual(
      new Set(['chat']),
    )
    expect(registry.namespaces.resolve('news:1') === kept).toBe(true)
    expect(registry.namespaces.resolve('chat:1')?.presence).toBe(true)
    expect(registry.adoptFromParent([news])).toEqual(new Set(['chat', 'more']))
    expect(registry.namespaces.resolve('more:1')).toBeUndefined()
  })

  test('[T21] namespaces in the configuration of a relay are said to do nothing', () => {
    const { warnings } = configure({ upstream: ['ws://parent:7400'], channel: { namespaces: [{ name: 'own' }] } })
    expect(warnings).toEqual(['channel.namespaces: does nothing on a relay, which takes those of its parent'])
  })
})
