import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import packed from '../../package.json'
import { Browser, lacks, listening, type Program } from '../kit/index.ts'
import { configurations } from './configurations.ts'
import { InstalledPackage } from './installed-package.ts'

const pages = ['/', '/ops', '/chat', '/chat/a-conversation', '/sports', '/sports/arg-fra-2022']

describe('the package, installed into an empty project', () => {
  let project: InstalledPackage

  beforeAll(async () => {
    project = await InstalledPackage.install()
  })

  afterAll(() => {
    project?.[Symbol.dispose]()
  })

  test('[A100] carries every file that its doors name, and no tests', () => {
    const carried = join(project.path, 'node_modules/fanfare')
    const doors = Object.values(packed.exports).flatMap(target => (typeof target === 'string' ? [target] : Object.values(target)))
    expect(doors.length).toBeGreaterThan(5)
    expect(doors.filter(door => !existsSync(join(carried, door)))).toEqual([])
    expect([...new Bun.Glob('src/**/*.test.ts').scanSync(carried)]).toEqual([])
  })

  test('[HG2] carries every example that its pages name', () => {
    const carried = join(project.path, 'node_modules/fanfare')
    const pages = ['README.md', ...new Bun.Glob('docs/*.md').scanSync(carried)]
    const named = pages.flatMap(page =>
      [...readFileSync(join(carried, page), 'utf8').matchAll(/\bexamples\/[\w./-]*\w/g)].map(([path]) => path),
    )
    expect(named.length).toBeGreaterThan(5)
    expect(named.filter(path => !existsSync(join(carried, path)))).toEqual([])
  })

  describe('when it is started', () => {
    let server: Program
    let url = ''

    beforeAll(async () => {
      const flags = ['--port', '0', '--data', 'data-of-shipped', '--log.format', 'json', '--shutdown.timeout', '1s']
      // What npx starts it does not end with itself, so that the server is started as npx would.
      server = project.start([join(project.path, 'node_modules/.bin/fanfare'), 'start', ...flags])
      url = await listening(server)
    })

    test('[A100] is found by npx', async () => {
      const { code, output } = await project.run(['npx', '--no-install', 'fanfare', '--help'])
      expect([code, output]).toEqual([0, expect.stringContaining('fanfare start')])
    })

    afterAll(async () => {
      await server?.stop()
    })

    test('[A117] a service of the project runs as it does in the checkout: page, options, rows, votes', async () => {
      copyPoll(project)
      await using own = project.start([join(project.path, 'node_modules/.bin/bun'), 'main.ts'], { PORT: '0' })
      const at = await own.says(/a poll is open at (\S+)\/poll/)
      expect((await fetch(`${at}/poll`)).status).toBe(200)
      const guest = await (await fetch(`${at}/auth/guest`, { method: 'POST', body: '{"name":"Ada"}' })).json()
      const headers = { Authorization: `Bearer ${guest.token}` }
      const voted = await fetch(`${at}/rpc/poll.vote`, { method: 'POST', headers, body: '{"choice":"cats"}' })
      expect(await voted.json()).toEqual({ choice: 'cats', counts: { cats: 1 } })
    })

    test('[A100] gives every page, with all of its parts', async () => {
      const parts = new Set<string>()
      for (const path of pages) {
        const page = await fetch(url + path)
        expect([path, page.status]).toEqual([path, 200])
        for (const [, part = ''] of (await page.text()).matchAll(/ (?:src|href)="([^"]+)"/g)) parts.add(new URL(part, url + path).href)
      }
      expect(parts.size).toBeGreaterThan(8)
      for (const part of parts) expect([part, (await fetch(part)).status]).toEqual([part, 200])
    })

    test.skipIf(lacks('chromium', 'the pages of an installed package'))('[A100] shows every page in a browser', async () => {
      await using browser = await Browser.launch()
      for (const path of pages) await (await browser.open(url + path)).locator('body *').first().waitFor()
      expect(browser.errors).toEqual([])
    })
  })

  test.each(Object.entries(configurations))(
    '[A101, A104] type-checks programs as %s has them',
    async (_, { options, types, isBrowser }) => {
      project.copy('examples/chat.ts', 'chat.ts')
      project.copy('examples/orders.ts', 'orders.ts')
      project.copy('examples/hooks/signed.ts', 'signed.ts')
      project.copy('test/package/programs/typed.ts', 'typed.ts')
      copyPoll(project)
      const server = ['orders.ts', 'typed.ts', 'poll.ts', ...(types.includes('bun') ? ['main.ts', 'signed.ts'] : [])]
      const files = isBrowser ? ['chat.ts', 'poll-page.ts'] : ['chat.ts', ...server]
      expect(await project.typeCheck(files, options, types)).toEqual({ code: 0, output: '' })
    },
  )

  test('[A101] a compiler meets declarations alone, and none of the sources', async () => {
    const { options, types } = configurations['NodeNext, strict'] ?? { options: {}, types: [] }
    project.copy('test/package/programs/typed.ts', 'typed.ts')
    const { output } = await project.typeCheck(['typed.ts'], { ...options, listFiles: true }, types)
    const met = output.split('\n').filter(line => line.includes('node_modules/fanfare/'))
    expect(met.length).toBeGreaterThan(0)
    expect(met.filter(line => !line.endsWith('.d.ts'))).toEqual([])
  })

  test('[A104, A117] a compiler refuses what JSON cannot carry, and options that there are none of, of the server and of services', async () => {
    const wrong = [
      "await server.publish('orders:ada', { stop() {} })",
      "await server.publish('orders:ada', new Map([['item', 'tea']]))",
      "server.command('orders.run', z.unknown(), () => ({ stop() {} }))",
      'await createServer({ prot: 7400 })',
      "await createServer({ poll: { questoin: 'Why?' } }, { services: [poll] })",
      "server.mount(defineService({ name: 'sum', options: z.object({ to: z.number() }), start(_host, { to }) { to.trim() } }))",
    ]
    const begin =
      "import { createServer } from 'fanfare'; import { defineService } from 'fanfare/service'; import { z } from 'zod'; import { poll } from './poll.js'; const server = await createServer()"
    project.copy('examples/poll/poll.ts', 'poll.ts')
    project.write('refused.ts', [begin, ...wrong].join('\n'))
    const { options, types } = configurations['NodeNext, strict'] ?? { options: {}, types: [] }
    const { output } = await project.typeCheck(['refused.ts'], options, types)
    const lines = [...output.matchAll(/^refused\.ts\((\d+),/gm)].map(([, line]) => Number(line))
    expect([...new Set(lines)]).toEqual([2, 3, 4, 5, 6, 7])
  })

  test('[A102] the browser layer is JavaScript, which plain Node loads and a bundler takes', async () => {
    const program = project.write('layer.js', "import { ChatClient } from 'fanfare/chat'\nconsole.log(ChatClient.name)\n")
    expect(await project.run(['node', program])).toEqual({ code: 0, output: 'ChatClient\n' })
    const { outputs } = await Bun.build({ entrypoints: [program], target: 'browser' })
    expect((await outputs[0]?.text())?.includes('class ChatClient')).toBe(true)
  })

  test('[A103] under plain Node the server says that it needs Bun, and how to have it', async () => {
    const program = project.write('server.js', "import { createServer } from 'fanfare'\nawait createServer()\n")
    const { code, output } = await project.run(['node', program])
    expect(code).toBe(1)
    expect(output).toContain('fanfare: the server runs on Bun')
    expect(output).toContain('npx bun')
    expect(output).not.toContain('ERR_')
  })
})

function copyPoll(project: InstalledPackage): void {
  for (const path of ['poll/poll.ts', 'poll/main.ts', 'poll/poll-page.ts', 'poll/poll.html'])
    project.copy(`examples/${path}`, basename(path))
}
