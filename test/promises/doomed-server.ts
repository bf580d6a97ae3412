import { join } from 'node:path'
import type { BunPlugin } from 'bun'
import { ChildServer, Folder, testConfig, until, within } from '../kit/index.ts'

/** A chat server in a process of its own that is killed at a chosen moment of a send, and started again with the same rows. */
export class DoomedServer extends ChildServer {
  readonly folder = new Folder()
  readonly target: string
  #passed: number | undefined

  /**
   * @param script what `compileDoomed` made
   * @param target a Postgres URL; a file of SQLite in a folder of its own unless one is given
   */
  constructor(
    readonly script: string,
    target?: string,
  ) {
    super()
    this.target = target ?? `sqlite:${join(this.folder.path, 'chat.sqlite')}`
  }

  /** Whether a signal has ended it. */
  get isDead(): boolean {
    return this.child?.signalCode === 'SIGKILL'
  }

  /** Starts it, on the port that it had before. */
  async start(): Promise<void> {
    const ready = Promise.withResolvers<string>()
    const config = testConfig({ port: this.port }, this.folder.path)
    const child = Bun.spawn([process.execPath, this.script, JSON.stringify({ ...config, port: this.port }), this.target], {
      stdout: 'inherit',
      stderr: 'pipe',
      ipc: message => {
        if ('url' in message) ready.resolve(message.url)
        else this.#passed = message.passed
      },
    })
    this.child = child
    void this.read(child.stderr)
    void child.exited.then(code => ready.reject(new Error(`the server ended with ${code}: ${this.output}`)))
    this.port = Number(new URL(await within('the server to start', ready.promise)).port)
  }

  /** Has it end itself at the `n`-th moment of the next send; 0 for never. @returns how many moments the last send had */
  async dieAt(n: number): Promise<number> {
    this.#passed = undefined
    this.child?.send({ dieAt: n })
    await until('the server has heard when to die', () => this.#passed !== undefined)
    return this.#passed ?? 0
  }
}

/** Nobody looks at the pages of a server that is about to die. */
const noPages: BunPlugin = {
  name: 'no pages',
  setup(build) {
    build.onResolve({ filter: /\.html$/ }, () => ({ path: 'blank.js', namespace: 'pages' }))
    build.onLoad({ filter: /./, namespace: 'pages' }, () => ({ contents: 'export default new Response()', loader: 'js' }))
  },
}

/** Compiles the server ahead, into a folder. It is started more than a hundred times, and most of a start is the reading of its sources. */
export async function compileDoomed(folder: string): Promise<string> {
  const entrypoints = [join(import.meta.dir, 'doomed-serve.ts')]
  const { outputs } = await Bun.build({ entrypoints, outdir: folder, target: 'bun', format: 'cjs', bytecode: true, plugins: [noPages] })
  const script = outputs.find(({ kind }) => kind === 'entry-point')
  if (script === undefined) throw new Error('nothing was compiled')
  return script.path
}
