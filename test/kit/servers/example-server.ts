import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Folder } from '../folder.ts'
import { Program } from './program.ts'

const root = join(import.meta.dir, '../../..')
const command = join(root, 'bin/fanfare')

/** Where a sample may find its server. */
export const places = ['the central node', 'a node with workers', 'a relay below it'] as const
export type Place = (typeof places)[number]

/** What a server of a test needs beside what the sample says: a free port, a log that can be read, and an end that waits for nobody. */
const testFlags = ['--port', '0', '--log.format', 'json', '--shutdown.timeout', '1s']

/** A server in development mode as the README starts it, and the node of it that a sample is pointed at. */
export class ExampleServer implements AsyncDisposable {
  private constructor(
    readonly programs: readonly Program[],
    readonly folder: Folder,
    /** The central node. */
    readonly centralUrl: string,
    /** The node that samples are pointed at. */
    readonly url: string,
  ) {}

  static async start(place: Place, flags: readonly string[] = []): Promise<ExampleServer> {
    const folder = new Folder()
    const workers = place === 'a node with workers' ? ['--workers', '2'] : []
    const start = [command, 'start', '--data', join(folder.path, 'data'), ...testFlags, ...workers, ...flags]
    const central = new Program(start, {}, root)
    const centralUrl = await listening(central)
    if (place !== 'a relay below it') return new ExampleServer([central], folder, centralUrl, centralUrl)
    const relay = relayBelow(centralUrl, folder.path, flags)
    return new ExampleServer([relay, central], folder, centralUrl, await listening(relay))
  }

  /** The key of the server API that it has made up. */
  get key(): string {
    const { http_api_key } = JSON.parse(readFileSync(join(this.folder.path, 'data/secrets.json'), 'utf8'))
    return http_api_key
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const program of this.programs) await program.stop()
    this.folder[Symbol.dispose]()
  }
}

/** A relay on the machine of its parent, by the line of the documents. Its folder holds the parent's `data`. */
export function relayBelow(
  parent: string,
  folder: string,
  flags: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Program {
  const line = readFileSync(join(root, 'examples/relays/one-machine.sh'), 'utf8').replace('127.0.0.1:7400', new URL(parent).host)
  const [, ...args] = line.trim().split(' ')
  return new Program([command, ...args, ...testFlags, ...flags], env, folder)
}

/** Where a node says that it listens. */
export function listening(program: Program): Promise<string> {
  return program.says(/"url":"(http:[^"]+)"/)
}
