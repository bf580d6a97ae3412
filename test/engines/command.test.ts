import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { Folder, lacks } from '../kit/index.ts'

const main = join(import.meta.dir, '../../engines/run.ts')

interface Ended {
  readonly code: number
  readonly output: string
}

/** The command in a folder of its own, on a machine with only these programs. */
async function engines(folder: string, words: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const running = Bun.spawn([process.execPath, main, ...words], {
    env: { ...process.env, ENGINES_FOLDER: folder, ...env },
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [output, errors] = await Promise.all([new Response(running.stdout).text(), new Response(running.stderr).text()])
  return { code: await running.exited, output: output + errors }
}

test('[EN2] what cannot be is said with what to do about it', async () => {
  using folder = new Folder()
  const bare = { PATH: '/nowhere', JAVA_HOME: '/nowhere' }
  expect(await engines(folder.path, ['start', '--kafka', '1'], bare)).toEqual({
    code: 1,
    output: '"java" is missing: install a Java runtime of version 17 or later (Debian: default-jdk-headless; or set JAVA_HOME)\n',
  })
  for (const [words, said] of [
    [['start', '--kafka', '2'], '--kafka: expected 1 or 3, got "2"'],
    [['start', '--kafka-port', 'x'], 'expected a port from 1024 to 65000'],
    [['begin'], '"begin" is no command'],
    [['start', '--kafak', '3'], "Unknown option '--kafak'"],
  ] as const) {
    const { code, output } = await engines(folder.path, words)
    expect([code, output.startsWith(said)], output).toEqual([2, true])
  }
  expect(await engines(folder.path, ['status'])).toEqual({ code: 0, output: 'nothing runs\n' })
  expect(await engines(folder.path, ['stop'])).toEqual({ code: 0, output: 'nothing ran\n' })
})

test.skipIf(lacks('postgres', 'the command that starts it'))('[EN2] a port that somebody has is not taken', async () => {
  using folder = new Folder()
  using taken = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
  const { code, output } = await engines(folder.path, ['start', '--postgres', '--postgres-port', `${taken.port}`])
  expect([code, output]).toEqual([1, `Postgres: port ${taken.port} is taken by another program; choose another with --postgres-port\n`])
})
