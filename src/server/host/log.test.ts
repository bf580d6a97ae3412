import { describe, expect, test } from 'bun:test'
import { createLog, type LogOptions, logFormat } from './log.ts'

function logged(options: Partial<LogOptions>, run: (log: ReturnType<typeof createLog>) => void): string[] {
  const lines: string[] = []
  run(createLog({ level: 'debug', format: 'json', color: false, write: line => lines.push(line), ...options }))
  return lines
}

/** Without the time of day in front. */
function pretty(run: (log: ReturnType<typeof createLog>) => void, options: Partial<LogOptions> = {}): string[] {
  return logged({ format: 'pretty', ...options }, run).map(line => line.replace(/^\d\d:\d\d:\d\d\.\d{3} /, ''))
}

const secret = 'SsEeCcRrEeTt'
const jwt = `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.${secret}`

describe('secrets', () => {
  const leaks: [string, object, string][] = [
    ['a token field', { token: secret }, 'x'],
    [
      'fields of all spellings',
      {
        access_token: secret,
        tokenHmacSecretKey: secret,
        Authorization: secret,
        'X-API-Key': secret,
        api_key: secret,
        apiKey: secret,
        cookie: secret,
      },
      'x',
    ],
    ['nested fields', { request: { headers: [{ authorization: secret }] }, client: { token: { hmacSecretKey: secret } } }, 'x'],
    ['a token in an address', { url: `http://h/sse?channel=a&token=${secret}&b=1` }, 'x'],
    ['a token in a sentence', {}, `refused ${jwt} from Bearer ${secret}`],
    ['a token in a text of JSON', { body: `{"token":"${secret}","a":1}` }, `{"api_key": "${secret}"}`],
    ['a token in an error', { error: new Error(`bad token=${secret}`) }, 'x'],
    ['a header in a text', {}, `Authorization: Bearer ${secret}`],
    ['a key in a text', {}, `X-API-Key: ${secret}`],
    ['a token anywhere', { values: [jwt] }, 'x'],
    ['a password in a URL', { store: `postgres://user:${secret}@host:5432/rows` }, `no answer from postgres://:${secret}@host/rows`],
  ]
  test.each(leaks)('[C25] %s is never written', (_, fields, message) => {
    for (const format of ['json', 'pretty'] as const) {
      for (const level of ['debug', 'info', 'warn', 'error'] as const) {
        const text = logged({ format }, log => log[level](fields, message)).join('')
        expect(text).not.toContain(secret)
        expect(text).toContain('[hidden]')
      }
    }
  })

  test('[C45] a text that is longer than a line is cut between words, and a secret at the cut is not shown by half', () => {
    for (let before = 16_300; before < 16_500; before += 7) {
      const [line = ''] = logged({}, log => log.info({}, `${'a '.repeat(before / 2)} ${jwt} ${'b'.repeat(100_000)}`))
      expect(line.length).toBeLessThan(17_000)
      expect(line).not.toContain('eyJ')
      expect(line).not.toContain(secret)
    }
  })

  test('[C25] a token with something before it is hidden too', () => {
    const [line] = logged({}, log => log.info({ id: `session-${jwt}` }, `x_${jwt}`))
    expect(line).not.toContain(secret)
  })

  test('[C25] what is not secret stays', () => {
    const [line] = logged({}, log =>
      log.info({ user: 'alice', tokens: 3, key: undefined, url: 'http://h/sse?channel=a', error: new TypeError('bad') }, 'token expired'),
    )
    expect(JSON.parse(line ?? '')).toMatchObject({
      user: 'alice',
      tokens: 3,
      url: 'http://h/sse?channel=a',
      msg: 'token expired',
      error: { type: 'TypeError', message: 'bad' },
    })
  })
})

describe('lines', () => {
  test('[C26] JSON has one object a line, with level and time', () => {
    const lines = logged({}, log => {
      log.info({ port: 1 }, 'listening')
      log.warn({}, 'two\nlines')
    })
    expect(lines.map(line => line.split('\n').length)).toEqual([2, 2])
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      port: 1,
      msg: 'listening',
    })
  })

  test('[C26] for people it is one line an event, and a stack below an error', () => {
    const lines = pretty(log => {
      log.info({ port: 1, host: 'a b', map: { a: [1] } }, 'listening')
      log.debug({}, 'tick')
    })
    expect(lines).toEqual(['info  listening  port=1 host="a b" map={"a":[1]}\n', 'debug tick\n'])
    const [failure] = pretty(log => log.error({ error: new Error('boom') }, 'failed'))
    expect(failure).toMatch(/^error failed {2}error=boom\n {4}Error: boom\n {4,}at /)
  })

  test('[C26] what a stranger sent begins no line and moves no cursor', () => {
    const [line] = pretty(log => log.info({ channel: 'a\nerror forged\x1b[2J' }, 'odd\r\nerror forged\x1b[2J'))
    expect(line).toBe('info  odd  error forged [2J  channel="a\\nerror forged\\u001b[2J"\n')
  })

  test('[C26] lines below the level are not written', () => {
    expect(logged({ level: 'warn' }, log => log.info({}, 'x'))).toEqual([])
    expect(logged({ level: 'warn' }, log => log.error({}, 'x'))).toHaveLength(1)
  })

  test('[C26] values that JSON cannot carry do not break the log', () => {
    const circle: Record<string, unknown> = { big: 10n }
    circle.self = circle
    expect(logged({}, log => log.info({ circle }, 'x'))).toHaveLength(1)
    expect(pretty(log => log.info({ circle }, 'x'))).toHaveLength(1)
  })

  test('[C26] colours only where they are asked for', () => {
    expect(pretty(log => log.info({ a: 1 }, 'x'))[0]).not.toContain('\x1b')
    expect(logged({ format: 'pretty', color: true }, log => log.info({ a: 1 }, 'x'))[0]).toContain('\x1b[36minfo ')
  })

  test('[C26] auto is pretty on a terminal and in development mode', () => {
    const of = (development: boolean, isTerminal: boolean) => logFormat({ development, log: { level: 'info', format: 'auto' } }, isTerminal)
    expect([of(false, false), of(true, false), of(false, true)]).toEqual(['json', 'pretty', 'pretty'])
    expect(logFormat({ development: true, log: { level: 'info', format: 'json' } }, true)).toBe('json')
  })
})
