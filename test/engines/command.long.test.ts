import { expect, test } from 'bun:test'
import { chmodSync, existsSync, symlinkSync } from 'node:fs'
import { basename, join } from 'node:path'
import { SQL } from 'bun'
import { isAlive } from '../../engines/engine-process.ts'
import { freePorts, kafkaJars } from '../../engines/index.ts'
import { atEnd, Folder, lacks, lacksKafka } from '../kit/index.ts'

const root = join(import.meta.dir, '../..')

test.skipIf(lacksKafka('the command that starts engines') || lacks('postgres', 'the command that starts engines'))(
  '[EN1] one command starts Kafka and Postgres, which run on, keep what they hold, and end by another',
  async () => {
    using folder = new Folder()
    chmodSync(folder.path, 0o755)
    const jars = await kafkaJars(console.log)
    symlinkSync(jars, join(folder.path, basename(jars)))
    // A broker takes three in a row.
    const [postgres = 0, kafka = 0] = freePorts(4)
    const engines = (...words: readonly string[]) => {
      const env = { ...process.env, ENGINES_FOLDER: folder.path }
      const done = Bun.spawnSync(['npm', 'run', '--silent', 'engines', '--', ...words], { cwd: root, env })
      return `${done.stdout}${done.stderr}`
    }
    atEnd(() => engines('reset'))
    const start = ['start', '--kafka', '1', '--postgres', '--kafka-port', `${kafka}`, '--postgres-port', `${postgres}`]
    const first = engines(...start)
    const url = `postgres://fanfare:fanfare@127.0.0.1:${postgres}/fanfare`
    expect(first).toContain(`--broker kafka://127.0.0.1:${kafka} --store ${url}`)
    const pids = (said: string) => [...said.matchAll(/process (\d+)/g)].map(([, pid]) => Number(pid))
    expect(pids(first).map(isAlive)).toEqual([true, true])

    const again = engines(...start)
    expect(again).toContain('one broker: runs already')
    expect(pids(again)).toEqual(pids(first))
    expect(engines('start', '--kafka', '3')).toContain('run "npm run engines -- stop" first')
    {
      await using sql = new SQL(url)
      await sql.unsafe('create table note (id integer)')
    }
    expect(engines('stop')).toBe('stopped: Kafka broker 1, Postgres\n')
    expect(pids(first).map(isAlive)).toEqual([false, false])
    expect(engines('status')).toContain('nothing runs')
    engines(...start)
    {
      await using sql = new SQL(url)
      expect(await sql.unsafe('select id from note')).toHaveLength(0)
    }
    expect(engines('reset')).toBe('stopped: Kafka broker 1, Postgres\n')
    expect(existsSync(join(folder.path, 'postgres'))).toBe(false)
  },
)
