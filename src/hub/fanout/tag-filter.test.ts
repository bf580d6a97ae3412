import { describe, expect, test } from 'bun:test'
import { CommandError, type FilterNode, Publication } from '../../protocol/index.ts'
import { defaultLimits } from '../limits.ts'
import { readTagFilter, TagFilters } from './tag-filter.ts'

const bounds = defaultLimits.tagFilter
const read = (node: FilterNode) => readTagFilter(node, 'tf', bounds)

const tags = {
  env: 'prod',
  tier: 'gold',
  symbol: 'AAPL',
  price: '120.50',
  count: '-42',
  big: '99999999999999999999.5',
  word: 'x1',
  none: '',
}
const publication = new Publication({ data: 1, tags })
const untagged = new Publication({ data: 2 })

const eq = (key: string, val: string): FilterNode => ({ key, cmp: 'eq', val })

describe('a filter by tags', () => {
  test.each<[FilterNode, boolean, boolean]>([
    [eq('env', 'prod'), true, false],
    [eq('env', 'pro'), false, false],
    [{ key: 'env', cmp: 'neq', val: 'x' }, true, true],
    [{ key: 'env', cmp: 'neq', val: 'prod' }, false, true],
    [{ key: 'tier', cmp: 'in', vals: ['gold', 'iron'] }, true, false],
    [{ key: 'tier', cmp: 'in', vals: ['', 'iron'] }, false, true],
    [{ key: 'tier', cmp: 'nin', vals: ['iron'] }, true, true],
    [{ key: 'tier', cmp: 'nin', vals: ['', 'gold'] }, false, false],
    [{ key: 'none', cmp: 'ex' }, true, false],
    [{ key: 'other', cmp: 'ex' }, false, false],
    [{ key: 'other', cmp: 'nex' }, true, true],
    [{ cmp: 'nex' }, true, true],
    [{ key: 'toString', cmp: 'ex' }, false, false],
    [{ key: 'symbol', cmp: 'sw', val: 'AA' }, true, false],
    [{ key: 'symbol', cmp: 'ew', val: 'PL' }, true, false],
    [{ key: 'symbol', cmp: 'ct', val: 'AP' }, true, false],
    [{ key: 'symbol', cmp: 'ct', val: 'ap' }, false, false],
    [{ key: 'price', cmp: 'gt', val: '120.4999999999999999999' }, true, false],
    [{ key: 'price', cmp: 'gte', val: '120.5' }, true, false],
    [{ key: 'price', cmp: 'lt', val: '120.5' }, false, false],
    [{ key: 'price', cmp: 'lte', val: '+120.500' }, true, false],
    [{ key: 'count', cmp: 'lt', val: '-41.9' }, true, false],
    [{ key: 'count', cmp: 'gt', val: '-0' }, false, false],
    [{ key: 'big', cmp: 'gt', val: '99999999999999999999.4' }, true, false],
    [{ key: 'word', cmp: 'lt', val: '5' }, false, false],
    [{ key: 'none', cmp: 'lt', val: '5' }, false, false],
    [{ key: 'price', cmp: 'lt', val: '1e3' }, false, false],
    [{ key: 'price', cmp: 'lt', val: '.5' }, false, false],
    [{ op: 'and', nodes: [eq('env', 'prod'), eq('tier', 'gold')] }, true, false],
    [{ op: 'and', nodes: [eq('env', 'prod'), eq('tier', 'iron')] }, false, false],
    [{ op: 'or', nodes: [eq('env', 'x'), eq('tier', 'gold')] }, true, false],
    [{ op: 'not', nodes: [eq('env', 'prod')] }, false, true],
    [{ op: 'not', nodes: [{ op: 'or', nodes: [eq('a', 'b'), { op: 'not', nodes: [eq('env', 'prod')] }] }] }, true, false],
  ])('[U64] means what Centrifugo says it means, for a tag that is absent too: %j', (node, tagged, without) => {
    expect([read(node).passes(publication), read(node).passes(untagged)]).toEqual([tagged, without])
  })

  const deep = (depth: number): FilterNode => (depth === 1 ? eq('a', 'b') : { op: 'not', nodes: [deep(depth - 1)] })
  const wide = (count: number): FilterNode => ({ op: 'or', nodes: Array.from({ length: count }, () => eq('a', 'b')) })
  const values = (count: number): FilterNode => ({ key: 'a', cmp: 'in', vals: Array.from({ length: count }, (_, index) => `${index}`) })

  test.each<[FilterNode, string]>([
    [{}, 'tf.cmp: missing'],
    [{ key: 'a', cmp: 'like', val: 'b' }, 'tf.cmp: "like"'],
    [{ key: 'a', cmp: 'constructor', val: 'b' }, 'tf.cmp: "constructor"'],
    [{ op: 'xor', nodes: [eq('a', 'b')] }, 'tf.op: expected'],
    [{ op: 'and' }, 'tf.nodes: "and" needs'],
    [{ op: 'not', nodes: [eq('a', 'b'), eq('a', 'b')] }, 'tf.nodes: "not" needs exactly one'],
    [{ cmp: 'eq', val: 'b' }, 'tf.key: missing'],
    [{ key: 'a', cmp: 'eq' }, 'tf.val: missing'],
    [{ key: 'a', cmp: 'in' }, 'tf.vals: missing'],
    [{ key: 'a', cmp: 'in', val: 'b', vals: ['c'] }, 'tf.val: "in" takes none'],
    [{ key: 'a', cmp: 'eq', val: 'b', vals: ['c'] }, 'tf.vals: "eq" takes none'],
    [{ key: 'a', cmp: 'ex', val: 'b' }, 'tf.val: "ex" takes none'],
    [{ op: 'or', nodes: [eq('a', 'b'), { op: 'not', nodes: [{ key: 'a', cmp: 'eq' }] }] }, 'tf.nodes[1].nodes[0].val: missing'],
    [wide(bounds.nodesMax), `more than ${bounds.nodesMax} nodes`],
    [deep(bounds.depthMax + 1), `nested deeper than ${bounds.depthMax}`],
    [values(bounds.valuesMax + 1), `tf.vals: more than ${bounds.valuesMax} values`],
  ])('[U65] that says nothing, or too much, is refused with 107 and the path', (node, message) => {
    try {
      read(node)
      throw new Error('it was taken')
    } catch (error) {
      if (!(error instanceof CommandError)) throw error
      expect(error.code).toBe(107)
      expect(error.message).toContain(message)
    }
  })

  test('[U65] at its bounds it is taken', () => {
    for (const node of [wide(bounds.nodesMax - 1), deep(bounds.depthMax), values(bounds.valuesMax)]) expect(read(node).users).toBe(0)
  })

  test('[U66] is tried once per publication for all who ask for the same, in whichever words, and forgotten with the last of them', () => {
    const filters = new TagFilters()
    const first = filters.take(read({ op: 'and', nodes: [{ ...eq('env', 'prod'), vals: [] }] }))
    const second = filters.take(read({ op: 'and', nodes: [{ op: '', ...eq('env', 'prod') }], key: '' }))
    const other = filters.take(read({ op: 'and', nodes: [eq('env', 'test')] }))
    expect(second).toBe(first)
    expect(other).not.toBe(first)
    let reads = 0
    const watched = new Publication({
      data: 1,
      tags: new Proxy(
        { env: 'prod' },
        {
          getOwnPropertyDescriptor(target, name) {
            reads++
            return Reflect.getOwnPropertyDescriptor(target, name)
          },
        },
      ),
    })
    for (let subscriber = 0; subscriber < 100; subscriber++) expect(first.passes(watched)).toBe(true)
    expect(reads).toBe(1)
    expect([filters.release(first), filters.release(second), filters.release(other)]).toEqual([false, true, true])
    const again = read({ op: 'and', nodes: [eq('env', 'prod')] })
    expect(filters.take(again)).toBe(again)
  })
})
