import { expect, test } from 'bun:test'
import { SteppedClock, seededRandom } from '../../../kit/index.ts'
import { Accounts } from './account.ts'

test('[B207] the chat page takes a token whose end is null for one that has none', () => {
  const kept = new Map<string, string>()
  const shelf = {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => void kept.set(name, value),
    removeItem: (name: string) => void kept.delete(name),
  }
  const accounts = new Accounts(shelf, new SteppedClock(), seededRandom(1), new URLSearchParams())
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const token = `${part({ alg: 'HS256' })}.${part({ sub: 'alice', exp: null })}.c2ln`
  expect(accounts.useToken(token)).toEqual({ kind: 'done' })
  expect(accounts.current.value).toEqual({ user: 'alice', token, guest: false })
})
