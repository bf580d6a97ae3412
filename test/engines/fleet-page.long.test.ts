import { expect, test } from 'bun:test'
import { chmodSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { freePorts, isFree, kafkaJars } from '../../engines/index.ts'
import { atEnd, Folder, lacks, lacksKafka, pathOf, until } from '../kit/index.ts'
import { ProcessGroup } from '../runner/process-group.ts'

const root = join(import.meta.dir, '../..')
const what = 'the page about fleets'
const isMissing = lacksKafka(what) || lacks('postgres', what) || lacks('haproxy', what) || lacks('curl', what) || lacks('openssl', what)

/** A number to which one digit is added for a port, so that ten of them are free: what `740` is on the page. */
function freeTens(): string {
  for (let tens = 2_100; ; tens++)
    if (Array.from({ length: 4 }, (_, digit) => tens * 10 + digit).every(port => isFree(port))) return `${tens}`
}

test.skipIf(isMissing)('[EN12] docs/fleet.md, followed to the letter, makes three nodes in an empty folder', async () => {
  using folder = new Folder()
  const { path } = folder
  chmodSync(path, 0o755)
  const engines = join(path, 'engines')
  mkdirSync(engines)
  const jars = await kafkaJars(console.log)
  symlinkSync(jars, join(engines, basename(jars)))
  mkdirSync(join(path, 'bin'))
  symlinkSync(join(root, 'bin/fanfare'), join(path, 'bin/fanfare'))
  // Kafka's are in a row; a test takes others than the page.
  const [postgres = 0, first = 0] = freePorts(10)
  const tens = freeTens()
  const ported = (name: string) =>
    readFileSync(join(root, 'examples', name), 'utf8')
      .replace(/1909(\d)/g, (_, digit) => `${first + Number(digit) - 2}`)
      .replace('15432', `${postgres}`)
      .replace(/\b740(?=\$n|\d\b)/g, tens)
  for (const name of ['fleet/fanfare.json', 'fleet/haproxy.cfg']) await Bun.write(join(path, basename(name)), ported(name))
  const env = { ...process.env, ENGINES_FOLDER: engines, PATH: `${join(path, 'bin')}:${dirname(pathOf('haproxy'))}:${process.env.PATH}` }

  /** Runs a block of the page in a shell of its own, and gives what it says. */
  const run = (text: string, cwd: string) => {
    const shell = Bun.spawn(['sh', '-ec', text], { cwd, env, stdin: 'ignore', stdout: 'pipe', stderr: 'inherit', detached: true })
    const said = { text: '' }
    void (async () => {
      const decoder = new TextDecoder()
      for await (const chunk of shell.stdout) said.text += decoder.decode(chunk, { stream: true })
    })()
    atEnd(async () => {
      new ProcessGroup(shell.pid).kill()
      await shell.exited
    })
    return { shell, said }
  }

  const start = `${ported('fleet/engines.sh').trim()} --kafka-port ${first} --postgres-port ${postgres}`
  atEnd(() => Bun.spawnSync(['npm', 'run', '--silent', 'engines', '--', 'reset'], { cwd: root, env }))
  expect(await run(start, root).shell.exited).toBe(0)
  expect(await run(ported('fleet/secrets.sh'), path).shell.exited).toBe(0)
  run(ported('fleet/start.sh'), path)
  const isReady = (port: string) =>
    fetch(`http://127.0.0.1:${port}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    )
  for (const digit of [1, 2, 3, 0]) await until(`${tens}${digit} is ready`, () => isReady(`${tens}${digit}`))
  const { said } = run(ported('fleet/try.sh'), path)
  await until('what was published has come', () => said.text.includes('"pub":{"data":"it rains"'))
  expect(said.text).toContain('{"result":{"offset":1')
})
