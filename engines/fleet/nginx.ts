import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { EngineError } from '../engine-error.ts'
import { EngineProcess, endOfLog } from '../engine-process.ts'
import { isAnswered } from '../ports.ts'
import { programPath } from '../programs.ts'
import type { Upstream } from './haproxy.ts'

const sample = readFileSync(join(import.meta.dir, '../../examples/fleet/nginx.conf'), 'utf8')
const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']

/** The configuration of the documents, with these nodes in place of those, as all that nginx has. */
export function nginxSettings(folder: string, port: number, upstreams: readonly Upstream[]): string {
  const servers = upstreams.map(({ address }) => `  server ${address} max_fails=1 fail_timeout=2s;\n`).join('')
  const site = sample.replace('127.0.0.1:7400', `127.0.0.1:${port}`).replace(/(^ {2}server .*\n)+/m, servers)
  return `daemon off; error_log ${folder}/error.log; pid ${folder}/nginx.pid; worker_processes 1;
events { worker_connections 1024; }
http {
access_log off;
${temporary.map(name => `${name}_temp_path ${folder}/tmp/${name};`).join('\n')}
${site}}
`
}

/** An nginx in front of nodes, in a folder of its own. */
export class Nginx {
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
    mkdirSync(join(folder, 'tmp'), { recursive: true, mode: 0o755 })
    const file = join(folder, 'nginx.conf')
    writeFileSync(file, nginxSettings(folder, port, this.upstreams))
    const log = join(folder, 'log')
    const command = [programPath('nginx'), '-p', folder, '-c', file]
    this.#process = await EngineProcess.launch({ command, folder, log, as: 'caller', after: 'SIGTERM' })
    if (!(await isAnswered(port, this.#process))) throw new EngineError(`nginx did not start; the end of ${log}:\n${endOfLog(log)}`)
  }

  async end(): Promise<void> {
    await this.#process?.end('SIGTERM')
    this.#process = undefined
  }
}
