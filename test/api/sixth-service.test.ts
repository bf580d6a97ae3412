import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { appendFileSync, cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { Folder, listening, Program, RawClient, until } from '../kit/index.ts'

const root = join(import.meta.dir, '../..')

/** A copy of the sources with one more service: a folder of its own, and one line outside of it. */
class SixthService implements Disposable {
  readonly #folder = new Folder()

  constructor() {
    const { path } = this
    for (const part of ['src', 'package.json', 'tsconfig.json']) cpSync(join(root, part), join(path, part), { recursive: true })
    symlinkSync(join(root, 'node_modules'), join(path, 'node_modules'))
    const home = join(path, 'src/services/poll')
    mkdirSync(home)
    for (const file of ['poll/poll.html', 'poll/poll-page.ts']) cpSync(join(root, 'examples', file), join(home, basename(file)))
    const text = readFileSync(join(root, 'examples/poll/poll.ts'), 'utf8').replace("'fanfare/service'", "'../../service.ts'")
    writeFileSync(join(home, 'index.ts'), text)
    appendFileSync(join(path, 'src/cli/services.ts'), "export { poll } from '../services/poll/index.ts'\n")
  }

  get path(): string {
    return this.#folder.path
  }

  command(...args: string[]): Program {
    return new Program([process.execPath, join(this.path, 'src/cli/main.ts'), ...args], {}, this.path)
  }

  async says(...args: string[]): Promise<string> {
    await using command = this.command(...args)
    await command.exited
    return command.output + command.errors
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]()
  }
}

const flags = ['--port', '0', '--demo', 'off', '--log.format', 'json', '--shutdown.timeout', '1s']

describe('a sixth service, one line outside of its folder', () => {
  let sixth: SixthService
  let server: Program
  let url = ''

  beforeAll(async () => {
    sixth = new SixthService()
    server = sixth.command('start', ...flags, '--data', 'data', '--poll.question', 'Cats or dogs?', '--poll.choices', 'cats,dogs')
    url = await listening(server)
  })

  afterAll(async () => {
    await server?.stop()
    sixth?.[Symbol.dispose]()
  })

  const guest = async (name: string): Promise<{ token: string }> =>
    (await fetch(`${url}/auth/guest`, { method: 'POST', body: JSON.stringify({ name }) })).json()

  const call = async (method: string, data: object, token?: string) => {
    const headers: HeadersInit = token === undefined ? {} : { Authorization: `Bearer ${token}` }
    return (await fetch(`${url}/rpc/${method}`, { method: 'POST', headers, body: JSON.stringify(data) })).json()
  }

  test('[A116] its options are in --help and in the documentation, and what is wrong with them stops the start', async () => {
    expect(await sixth.says('help', 'start')).toContain('--poll.question')
    expect(await sixth.says('docs')).toContain(
      '| `poll.choices` | list | `["tea","coffee"]` | `FANFARE_POLL_CHOICES` | The answers to choose from. |',
    )
    expect(await sixth.says('check', '--poll.choices', 'one')).toContain('poll.choices: ')
    expect(await sixth.says('check', '--services', 'chat,pol')).toContain('services[1]: unknown service "pol", did you mean "poll"?')
  })

  test('[A116] its page is served, and every page leads to it', async () => {
    expect(await (await fetch(`${url}/poll`)).text()).toContain('<title>Poll</title>')
    const home = await (await fetch(url)).text()
    const [, written = '[]'] = /<meta name="navigation" content="([^"]*)">/.exec(home) ?? []
    const places = JSON.parse(written.replaceAll('&quot;', '"'))
    expect(places.map(({ path, title }: { path: string; title: string }) => [path, title])).toEqual([
      ['/chat', 'Chat'],
      ['/poll', 'Poll'],
      ['/sports', 'Sports'],
    ])
  })

  test('[A116] who watches is present, sees each vote, and who comes back gets those that were missed', async () => {
    const [ada, bob] = [await guest('Ada'), await guest('Bob')]
    const at = `${url.replace('http', 'ws')}/connection/websocket`
    using watching = await RawClient.connect(at, { token: ada.token })
    const joined = await watching.call({ subscribe: { channel: 'poll:votes' } })
    const present = await watching.call({ presence: { channel: 'poll:votes' } })
    expect(Object.keys(present.presence?.presence ?? {})).toHaveLength(1)
    expect(await call('poll.show', {})).toEqual({ question: 'Cats or dogs?', choices: ['cats', 'dogs'], counts: {} })
    const voted = { choice: 'dogs', counts: { dogs: 1 } }
    expect(await call('poll.vote', { choice: 'dogs' }, bob.token)).toEqual(voted)
    await until('the vote is seen', () => watching.data('poll:votes').length === 1)
    expect(watching.data('poll:votes')).toEqual([voted])
    const { epoch = '', offset = 0 } = joined.subscribe ?? {}
    using late = await RawClient.connect(at, { token: bob.token })
    const recovered = await late.call({ subscribe: { channel: 'poll:votes', recover: true, epoch, offset } })
    expect(recovered.subscribe?.publications?.map(({ data }) => data)).toEqual([voted])
  })

  test('[A116] strangers see and do not vote; a choice that there is none of, and too many votes, are refused', async () => {
    expect(await call('poll.vote', { choice: 'cats' })).toMatchObject({ error: { code: 101 } })
    const { token } = await guest('Eve')
    expect(await call('poll.vote', { choice: 'fish' }, token)).toMatchObject({ error: { code: 404 } })
    for (let n = 0; n < 8; n++) await call('poll.vote', { choice: 'cats' }, token)
    expect(await call('poll.vote', { choice: 'cats' }, token)).toMatchObject({ error: { code: 429 } })
    expect((await call('poll.show', {})).counts).toEqual({ cats: 1, dogs: 1 })
  })

  test('[A114, A116] alone it leaves the others out, and its rows are still there', async () => {
    await server.stop()
    server = sixth.command('start', ...flags, '--data', 'data', '--services', 'poll')
    url = await listening(server)
    expect((await call('poll.show', {})).counts).toEqual({ cats: 1, dogs: 1 })
    const { methods } = await (await fetch(`${url}/rpc`)).json()
    expect(methods.map(({ method }: { method: string }) => method)).toEqual(['poll.show', 'poll.vote'])
    for (const path of ['/chat', '/sports']) expect((await fetch(url + path)).status).toBe(404)
    const { token } = await guest('Ada')
    using client = await RawClient.connect(`${url.replace('http', 'ws')}/connection/websocket`, { token })
    for (const channel of ['inbox:ada', 'sports:league_all']) expect((await client.call({ subscribe: { channel } })).error?.code).toBe(102)
  })
})
