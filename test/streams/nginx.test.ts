import { describe, expect, test } from 'bun:test'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Curl, Folder, freePort, lacks, pathOf, RawClient, startServer, until, userToken } from '../kit/index.ts'

const open = { allow_subscribe_for_client: true, allow_subscribe_for_anonymous: true } as const
const namespaces = [{ name: 'kept', ...open, history_size: 100, history_ttl: '10m' }]

/** A reverse proxy with nginx's own defaults: it buffers answers unless it is told not to. */
class Nginx implements AsyncDisposable {
  readonly #folder = new Folder()
  readonly #child: Bun.Subprocess

  constructor(
    readonly port: number,
    upstream: number,
  ) {
    const { path } = this.#folder
    mkdirSync(join(path, 'tmp'))
    writeFileSync(join(path, 'nginx.conf'), configuration(path, port, upstream))
    this.#child = Bun.spawn([pathOf('nginx'), '-p', path, '-c', join(path, 'nginx.conf')], { stdout: 'ignore', stderr: 'ignore' })
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  async ready(): Promise<void> {
    await until('nginx answers', () =>
      fetch(`${this.url}/healthz`).then(
        ({ ok }) => ok,
        () => false,
      ),
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGTERM')
    await this.#child.exited
    this.#folder[Symbol.dispose]()
  }
}

function configuration(path: string, port: number, upstream: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(name => `${name}_temp_path ${path}/tmp/${name};`).join('\n')
  return `daemon off; error_log ${path}/error.log; pid ${path}/pid; worker_processes 1;
    events { worker_connections 256; }
    http {
      access_log off;
      ${temporary}
      map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
      server {
        listen 127.0.0.1:${port};
        location / {
          proxy_pass http://127.0.0.1:${upstream};
          proxy_http_version 1.1;
          proxy_set_header Host $http_host;
          proxy_set_header Upgrade $http_upgrade;
          proxy_set_header Connection $connection_upgrade;
        }
      }
    }`
}

describe.skipIf(lacks('nginx', 'streams behind a reverse proxy') || lacks('curl', 'streams behind a reverse proxy'))('behind nginx', () => {
  test('[E35] every event arrives at once, the stream ends with its client, and a WebSocket passes as well', async () => {
    // No heartbeat pushes on what a proxy might hold back.
    await using server = await startServer({ channel: { namespaces }, sse: { heartbeat_interval: '1h' } })
    await using nginx = new Nginx(freePort(), Number(new URL(server.url).port))
    await nginx.ready()
    const curl = new Curl(`${nginx.url}/sse?channel=kept:a`)
    await curl.opened()
    for (let n = 1; n <= 10; n++) {
      await server.publish('kept:a', n)
      await until(`event ${n} is there, though nothing follows it`, () => curl.data('kept:a').length === n)
    }
    await curl.kill()
    await until('the server has noticed', () => server.node.sessions.size === 0)
    await server.publish('kept:a', 11)
    await using back = new Curl(`${nginx.url}/sse?channel=kept:a`, { 'Last-Event-ID': curl.lastEventId })
    await back.opened()
    expect(back.data('kept:a')).toEqual([11])
    using socket = await RawClient.connect(`${nginx.url.replace('http', 'ws')}/connection/websocket`, { token: await userToken('alice') })
    expect((await socket.call({ subscribe: { channel: 'kept:a' } })).error).toBeUndefined()
    await server.publish('kept:a', 12)
    await until('both have it', () => socket.data('kept:a').length === 1 && back.data('kept:a').length === 2)
  })
})
