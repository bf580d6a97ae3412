import { describe, expect, test } from 'bun:test'
import { api, apiKey, post } from '../kit/api.ts'
import { serveNews } from './news.ts'

describe('the key', () => {
  test('[A1] the server API answers 401 without its key or with a wrong one, for known and unknown commands alike', async () => {
    const server = await serveNews()
    for (const headers of [{}, { 'X-API-Key': 'wrong' }, { Authorization: 'apikey wrong' }, { Authorization: `Bearer ${apiKey}` }]) {
      for (const command of ['publish', 'batch', 'nothing']) {
        const { status, body } = await post(server, `/api/${command}`, {}, headers)
        expect(status).toBe(401)
        expect(body).toMatchObject({ error: { code: 101 } })
      }
    }
  })

  test('[A1] the key is taken as X-API-Key and as Authorization: apikey', async () => {
    const server = await serveNews()
    expect((await post(server, '/api/info', {}, { 'X-API-Key': apiKey })).status).toBe(200)
    expect((await post(server, '/api/info', {}, { Authorization: `apikey ${apiKey}` })).status).toBe(200)
  })

  test('[A1] a server without a key of its own refuses every call', async () => {
    const server = await serveNews({ http_api: { key: undefined } })
    expect((await post(server, '/api/info', {}, { 'X-API-Key': '' })).status).toBe(401)
    expect((await post(server, '/api/info', {}, { 'X-API-Key': 'undefined' })).status).toBe(401)
  })

  test('[A2] a page of another origin cannot call an API that is open to its machine', async () => {
    const server = await serveNews({ http_api: { insecure: true } })
    expect((await post(server, '/api/info', {})).status).toBe(200)
    expect((await post(server, '/api/info', {}, { Origin: server.url })).status).toBe(200)
    expect((await post(server, '/api/info', {}, { Origin: 'https://elsewhere.example' })).status).toBe(403)
  })
})

describe('errors', () => {
  test('[A3] a body that is not JSON is a 400, one that is too large a 413, and another method than POST a 405', async () => {
    const server = await serveNews({ http_api: { body_size_limit: 2048 } })
    expect(await api(server, 'publish', '{"channel":')).toMatchObject({ status: 400, body: { error: { code: 107 } } })
    expect(await api(server, 'publish', '{"channel":"news:a","data":{"__proto__":1}}')).toMatchObject({
      status: 400,
      body: { error: { code: 107, message: expect.stringContaining('data: the key "__proto__"') } },
    })
    const large = await fetch(`${server.url}/api/publish`, { method: 'POST', body: 'x'.repeat(3000), headers: { 'X-API-Key': apiKey } })
    expect(large.status).toBe(413)
    expect((await fetch(`${server.url}/api/publish`, { headers: { 'X-API-Key': apiKey } })).status).toBe(405)
  })

  test.each([
    ['publish', {}, 'channel:'],
    ['publish', { channel: '', data: 1 }, 'channel: not a channel name'],
    ['publish', { channel: 'news:a' }, 'data: missing'],
    ['publish', { channel: 'news:a', data: 1, tags: { a: 1 } }, 'tags.a:'],
    ['publish', { channel: 'news:a', data: 1, skip_histroy: true }, '"skip_histroy"'],
    ['publish', { channel: 'news:a', b64data: 'aGk=', data: 1 }, 'b64data: not supported'],
    ['publish', { channel: 'news:a', data: 1, version: 3 }, 'version: not supported'],
    ['publish', { channel: 'news:a', data: 1, lane: 'text' }, 'lane: the channel has no lanes'],
    ['publish', { channel: 'match:a', data: 1, lane: 'txet' }, 'lane: the channel has "urgent", "stats", "text"'],
    ['broadcast', { channels: [], data: 1 }, 'channels:'],
    ['broadcast', { channels: ['news:a', 7], data: 1 }, 'channels[1]:'],
    ['history', { channel: 'news:a', since: { epoch: 'x' } }, 'since.offset:'],
    ['channels', { pattern: '[z-a]' }, 'pattern:'],
    ['subscribe', { channel: 'news:a' }, 'user: name a user'],
    ['disconnect', { user: 'a', disconnect: { code: 7, reason: '' } }, 'disconnect.code:'],
    ['disconnect', { user: 'a', disconnect: { code: 4000, reason: 'x'.repeat(124) } }, 'disconnect.reason: at most 123 bytes'],
    ['refresh', { user: 'a', expire_at: 'soon' }, 'expire_at:'],
    ['info', [], 'expected object'],
  ])('[A4] %s %j is answered 200 with error 107 and the path of what is wrong', async (command, params, path) => {
    const server = await serveNews()
    const { status, body } = await api(server, command, params)
    expect(status).toBe(200)
    expect(body).toMatchObject({ error: { code: 107, message: expect.stringContaining(path) } })
  })

  test('[A5] a command that cannot be carried out is answered 200 with its code: 102 unknown channel, 108 not available, 112', async () => {
    const server = await serveNews()
    const codeOf = async (command: string, params: unknown) => (await api(server, command, params)).body
    expect(await codeOf('publish', { channel: 'unknown:a', data: 1 })).toEqual({ error: { code: 102, message: 'unknown channel' } })
    expect(await codeOf('presence', { channel: 'plain:a' })).toMatchObject({ error: { code: 108 } })
    expect(await codeOf('presence_stats', { channel: 'plain:a' })).toMatchObject({ error: { code: 108 } })
    expect(await codeOf('history', { channel: 'plain:a' })).toMatchObject({ error: { code: 108 } })
    expect(await codeOf('history_remove', { channel: 'plain:a' })).toMatchObject({ error: { code: 108 } })
    expect(await codeOf('subscribe', { channel: 'unknown:a', user: 'alice' })).toMatchObject({ error: { code: 102 } })
    expect(await codeOf('history', { channel: 'news:a', limit: 1, since: { offset: 0, epoch: 'other' } })).toMatchObject({
      error: { code: 112 },
    })
  })

  test('[A6] with X-Centrifugo-Error-Mode: transport the code is also the HTTP status and the error stands alone', async () => {
    const server = await serveNews()
    const mode = { 'X-Centrifugo-Error-Mode': 'transport' }
    expect(await api(server, 'publish', { channel: 'unknown:a', data: 1 }, mode)).toEqual({
      status: 404,
      body: { code: 102, message: 'unknown channel' },
    })
    expect((await api(server, 'publish', {}, mode)).status).toBe(400)
    expect((await api(server, 'publish', { channel: 'news:a', data: 1 }, mode)).status).toBe(200)
  })

  test('[A7] a command that does not exist is a 404 with code 104', async () => {
    const server = await serveNews()
    expect(await api(server, 'publsh', {})).toMatchObject({ status: 404, body: { error: { code: 104 } } })
  })
})
