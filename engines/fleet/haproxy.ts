import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { EngineError } from '../engine-error.ts'
import { EngineProcess, endOfLog } from '../engine-process.ts'
import { isAnswered } from '../ports.ts'
import { programPath } from '../programs.ts'

export interface Upstream {
  readonly name: string
  /** `host:port` */
  readonly address: string
}

const sample = readFileSync(join(import.meta.dir, '../../examples/fleet/haproxy.cfg'), 'utf8')

/** The configuration of the documents, with these nodes in place of those. */
export function haproxySettings(port: number, upstreams: readonly Upstream[]): string {
  const servers = upstreams.map(({ name, address }) => `  server ${name} ${address}\n`).join('')
  return sample.replace('127.0.0.1:7400', `127.0.0.1:${port}`).replace(/(^ {2}server .*\n)+/m, servers)
}

/** A HAProxy in front of nodes, in a folder of its own. */
export class Haproxy {
  #process: EngineProcess | undefined

  constructor(
    readonly folder: string,
    readonly port: number,
    readonly upstreams: readonly Upstream[],
  ) {}

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** Starts it, and waits until it takes connections. */
  async start(): Promise<void> {
    const { folder, port } = this
    mkdirSync(folder, { recursive: true, mode: 0o755 })
    const file = join(folder, 'haproxy.cfg')
    writeFileSync(file, haproxySettings(port, this.upstreams))
    const log = join(folder, 'log')
    const command = [programPath('haproxy'), '-db', '-f', file]
    this.#process = await EngineProcess.launch({ command, folder, log, as: 'nobody', after: 'SIGKILL' })
    if (!(await isAnswered(port, this.#process))) throw new EngineError(`HAProxy did not start; the end of ${log}:\n${endOfLog(log)}`)
  }

  async end(): Promise<void> {
    await this.#process?.end('SIGTERM')
    this.#process = undefined
  }
}
