import { between, type Random } from '../../src/kit/index.ts'

const oddTexts = [
  '',
  '\u0000',
  '\ud800',
  '__proto__',
  'constructor',
  '../../../etc/passwd',
  '%00%ff',
  '💥'.repeat(50),
  'x'.repeat(5000),
  "' or 1=1 --",
  '<script>',
  '\r\nX-Injected: 1',
  '#,,,',
  '$:',
  ':',
  'NaN',
]
const oddValues: readonly string[] = [
  'null',
  'true',
  '-1',
  '0',
  '-0',
  '1e309',
  '1e-400',
  '9007199254740993',
  '4294967296',
  '0.1',
  '[]',
  '{}',
  '[[[[[[[[[[]]]]]]]]]]',
  '{"__proto__":{"polluted":true}}',
  '{"constructor":{"prototype":{"polluted":true}}}',
  `${'['.repeat(200)}${']'.repeat(200)}`,
  `{${Array.from({ length: 300 }, (_, index) => `"k${index}":0`).join(',')}}`,
  '"\\ud800"',
  '"\\u0000"',
  '""',
]

/** Turns valid input into input that is nearly valid, the same way from the same seed. */
export class Mutator {
  constructor(readonly random: Random) {}

  pick<T>(items: readonly T[]): T {
    const item = items[between(this.random, 0, items.length - 1)]
    if (item === undefined) throw new Error('nothing to pick from')
    return item
  }

  chance(share: number): boolean {
    return this.random.next() < share
  }

  text(): string {
    return this.pick(oddTexts)
  }

  /** One to three changes. */
  mutate(text: string, others: readonly string[]): string {
    let result = text
    for (let left = between(this.random, 1, 3); left > 0; left--) result = this.#change(result, others)
    return result
  }

  /** The same for bytes. */
  mutateBytes(bytes: Uint8Array, others: readonly Uint8Array[]): Uint8Array {
    let result = Buffer.from(bytes)
    for (let left = between(this.random, 1, 3); left > 0; left--) result = this.#changeBytes(result, others)
    return result.subarray(0, 4000)
  }

  bytes(count: number): Uint8Array {
    return this.random.bytes(count)
  }

  #change(text: string, others: readonly string[]): string {
    const at = between(this.random, 0, text.length)
    const to = Math.min(text.length, at + between(this.random, 0, 12))
    switch (between(this.random, 0, 8)) {
      case 0:
        return text.slice(0, at) + String.fromCharCode(between(this.random, 0, 255)) + text.slice(at + 1)
      case 1:
        return text.slice(0, at) + text.slice(to)
      case 2:
        return text.slice(0, at) + text.slice(at, to).repeat(between(this.random, 2, 20)) + text.slice(to)
      case 3:
        return text.slice(0, at)
      case 4: {
        const other = this.pick(others)
        return text.slice(0, at) + other.slice(between(this.random, 0, other.length))
      }
      case 5:
        return text.slice(0, at) + this.text() + text.slice(at)
      default:
        return this.#replaceValue(text)
    }
  }

  #changeBytes(bytes: Buffer<ArrayBuffer>, others: readonly Uint8Array[]): Buffer<ArrayBuffer> {
    const at = between(this.random, 0, bytes.length)
    const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)]
    switch (between(this.random, 0, 5)) {
      case 0:
        return Buffer.concat([before, Uint8Array.of(between(this.random, 0, 255)), after.subarray(1)])
      case 1:
        return Buffer.concat([before, after.subarray(between(this.random, 0, 12))])
      case 2:
        return Buffer.concat([before, ...Array.from({ length: between(this.random, 2, 20) }, () => after.subarray(0, 12)), after])
      case 3:
        return before
      case 4:
        return Buffer.concat([before, this.pick(others)])
      default:
        return Buffer.concat([before, this.random.bytes(between(this.random, 1, 10)), after])
    }
  }

  /** Puts another value in the place of one of a JSON text, so that it stays JSON. */
  #replaceValue(text: string): string {
    const values = [...text.matchAll(/(?<=[:[,])(?:"[^"]*"|-?\d+|true|false|null|\{\}|\[\])(?=[,}\]])/g)]
    const value = values[between(this.random, 0, Math.max(0, values.length - 1))]
    if (value === undefined) return text + this.pick(oddValues)
    const replacement = this.chance(0.3) ? JSON.stringify(this.text()) : this.pick(oddValues)
    return text.slice(0, value.index) + replacement + text.slice(value.index + value[0].length)
  }
}
