import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Folder, pathOf, until } from '../kit/index.ts'

/** Varnish as `docs/cdn.md` sets it up in front of a server, with nothing changed but where the server is. */
export class VarnishCache implements AsyncDisposable {
  readonly #folder = new Folder()
  readonly #child: Bun.Subprocess

  private constructor(
    readonly port: number,
    origin: string,
  ) {
    const { path } = this.#folder
    const documented = readFileSync(join(import.meta.dir, '../../examples/cdn/varnish.vcl'), 'utf8')
    writeFileSync(join(path, 'varnish.vcl'), documented.replace('"7400"', `"${new URL(origin).port}"`))
    const own = ['-F', '-j', 'none', '-n', path, '-a', `127.0.0.1:${port}`, '-s', 'malloc,64m', '-p', 'thread_pools=1']
    this.#child = Bun.spawn([pathOf('varnishd'), ...own, '-f', join(path, 'varnish.vcl')], { stdout: 'ignore', stderr: 'ignore' })
  }

  static async before(origin: string): Promise<VarnishCache> {
    using server = Bun.serve({ port: 0, fetch: () => new Response() })
    const { port = 0 } = server
    await server.stop(true)
    const varnish = new VarnishCache(port, origin)
    await until('Varnish answers', () =>
      fetch(`${varnish.url}/healthz`).then(
        ({ ok }) => ok,
        () => false,
      ),
    )
    return varnish
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGTERM')
    await this.#child.exited
    this.#folder[Symbol.dispose]()
  }
}
