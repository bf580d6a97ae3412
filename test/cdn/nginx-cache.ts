import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Folder, freePort, pathOf, until } from '../kit/index.ts'

/** nginx as `docs/cdn.md` sets it up in front of a server, with nothing changed but ports and folders. */
export class NginxCache implements AsyncDisposable {
  readonly #folder = new Folder()
  readonly #child: Bun.Subprocess

  private constructor(
    readonly port: number,
    origin: string,
  ) {
    const { path } = this.#folder
    mkdirSync(join(path, 'tmp'))
    writeFileSync(join(path, 'nginx.conf'), configuration(path, port, origin))
    this.#child = Bun.spawn([pathOf('nginx'), '-p', path, '-e', join(path, 'error.log'), '-c', join(path, 'nginx.conf')], {
      stdout: 'ignore',
      stderr: 'inherit',
    })
  }

  static async before(origin: string): Promise<NginxCache> {
    const nginx = new NginxCache(freePort(), origin)
    await until('nginx answers', () =>
      fetch(`${nginx.url}/healthz`).then(
        ({ ok }) => ok,
        () => false,
      ),
    )
    return nginx
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** What it complained of. */
  get complaints(): string {
    return readFileSync(join(this.#folder.path, 'error.log'), 'utf8')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGTERM')
    await this.#child.exited
    this.#folder[Symbol.dispose]()
  }
}

function configuration(path: string, port: number, origin: string): string {
  const documented = readFileSync(join(import.meta.dir, '../../examples/cdn/nginx.conf'), 'utf8')
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(name => `${name}_temp_path ${path}/tmp/${name};`).join('\n')
  return `daemon off; pid ${path}/pid; worker_processes 1; ${process.getuid?.() === 0 ? 'user root;' : ''}
    events { worker_connections 8192; }
    http {
      access_log off;
      keepalive_requests 100000;
      ${temporary}
      ${documented
        .replace('/var/cache/nginx/fanfare', join(path, 'cache'))
        .replace('127.0.0.1:7400', new URL(origin).host)
        .replace('listen 80;', `listen 127.0.0.1:${port} backlog=4096;`)}
    }`
}
