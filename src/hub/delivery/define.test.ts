import { describe, expect, test } from 'bun:test'
import { defineNamespace, NamespaceError, namespaceFrom, readNamespace } from './define.ts'

/** What is said of a namespace that JavaScript, which has no types, may give. */
function refusalsOf(given: Readonly<Record<string, unknown>>): readonly string[] {
  try {
    readNamespace({ name: 'n', ...given })
    return []
  } catch (error) {
    if (!(error instanceof NamespaceError)) throw error
    return error.problems.map(({ option, reason }) => `${option}: ${reason}`)
  }
}

const needs = 'needs a history: delivery "stream" with historySize and historyTtlMs'

describe('defineNamespace', () => {
  test.each([
    [{ name: 'd:x' }, ['name: expected a name of letters, digits, "-", "_" and "."']],
    [{ historySize: 100 }, ['historySize: needs historyTtlMs beside it, like 600000']],
    [{ historyTtlMs: 100 }, ['historyTtlMs: needs historySize beside it']],
    [{ forceRecovery: true }, [`forceRecovery: ${needs}`]],
    [{ historyStore: 'disk' }, [`historyStore: "disk" ${needs}`]],
    [
      { historySize: 9, historyTtlMs: 1000, delayMaxMs: 1001 },
      ['delayMaxMs: must be at most historyTtlMs: who is behind is given what the history keeps'],
    ],
    [{ delivery: 'lanes', lanes: [] }, ['lanes: expected at least one lane']],
    [{ delivery: 'lanes', lanes: [{ name: 'a', keep: 'tail' }] }, ['lanes[0].keep: the first lane is the urgent one: must be "all"']],
    [
      { delivery: 'lanes', lanes: [{ name: 'a', keep: 'all' }, { name: 'b' }] },
      ['lanes[1].intervalMs: must be at least 10: only the first lane sends at once'],
    ],
    [{ delivery: 'latest', forceRecovery: true }, ['forceRecovery: needs delivery "stream" or "lanes", not "latest"']],
    [{ intervalMs: 100 }, ['intervalMs: needs delivery "conflated", not "stream"']],
    [{ delivery: 'ephemeral', historySize: 1 }, ['historySize: needs delivery "stream" or "lanes", not "ephemeral"']],
    [{ deltaPublish: true }, ['deltaPublish: needs allowedDeltaTypes ["fossil"]']],
    [{ forcePushJoinLeave: true }, ['forcePushJoinLeave: needs joinLeave']],
    [{ histroySize: 3 }, ['histroySize: unknown option']],
    [{ delivery: 'streams' }, ['delivery: expected "stream" or "latest" or "conflated" or "lanes" or "ephemeral", got "streams"']],
  ])('[B230] refuses %j, as configuration does', (given, problems) => {
    expect(refusalsOf(given)).toEqual(problems)
  })

  test('[B230] refuses values out of their bounds, all at once', () => {
    const found = refusalsOf({ delivery: 'conflated', intervalMs: -5, historyTtlMs: -1, presence: 'yes' })
    expect(found.map(line => line.slice(0, line.indexOf(':')))).toEqual(['presence', 'intervalMs', 'historyTtlMs'])
  })

  test('[B230] another node makes the same of what crosses a link', () => {
    const lanes = [
      { name: 'goals', keep: 'all' as const },
      { name: 'odds', intervalMs: 500, keep: 'tail' as const, max: 7 },
    ]
    const namespace = defineNamespace({ name: 'game', delivery: 'lanes', lanes, presence: true, delayMaxMs: 1000 })
    const copy = readNamespace(JSON.parse(JSON.stringify(namespace.options)))
    expect(copy.options).toEqual(namespace.options)
    expect(copy.delivery.lanes).toEqual(['goals', 'odds'])
    expect({ ...copy, delivery: undefined }).toEqual({ ...namespace, delivery: undefined })
  })

  test('[B230] what was defined stays what it is; what was copied from it is looked at again', () => {
    const namespace = defineNamespace({ name: 'news', historySize: 10, historyTtlMs: 1000 })
    expect(namespaceFrom(namespace)).toBe(namespace)
    expect(() => readNamespace({ ...namespace })).toThrow(NamespaceError)
  })
})
