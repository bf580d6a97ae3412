import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Subprocess } from 'bun'
import { unprivileged } from './account.ts'
import { EngineError } from './engine-error.ts'

/** What ends a program whose launcher has ended. */
export type LastSignal = 'SIGKILL' | 'SIGQUIT' | 'SIGTERM'

/** How a program is started. */
export interface Launch {
  readonly command: readonly string[]
  /** Its working folder, which the command names, and where its id is noted. */
  readonly folder: string
  /** The file that its output is added to. */
  readonly log: string
  readonly env?: Readonly<Record<string, string>>
  /** `nobody` where root launches it, which is for programs that need no rights. */
  readonly as: 'nobody' | 'caller'
  /** What goes before the command and becomes it, such as `ip netns exec NAME`. */
  readonly within?: readonly string[]
  /** It runs on when whoever started it has ended; otherwise it is ended with this signal. */
  readonly after: 'runs on' | LastSignal
}

const endedWithinMs = 15_000
const lookMs = 20
/** What the end of a log says about why a program ended. */
const lastLines = 12

/** The program becomes this shell, with its output in a file that is opened as whoever starts it. */
const direct = 'log=$1; shift; exec "$@" >>"$log" 2>&1'

/** Says the program's id, passes on its exit code, and ends it when the input ends: so that it does not outlive one who was killed. */
const guarded = `exec 3<&0
log=$1; last=$2; shift 2
"$@" >>"$log" 2>&1 3<&- </dev/null &
program=$!
echo $program
{ read -r _ <&3; kill -$last $program; kill -CONT $program; } >/dev/null 2>&1 &
reader=$!
wait $program
code=$?
kill $reader 2>/dev/null
exit $code`

/** A program that runs, known by its process id. */
export class EngineProcess {
  readonly #child: Subprocess | undefined

  private constructor(
    readonly pid: number,
    child?: Subprocess,
  ) {
    this.#child = child
  }

  /** The program that was launched in a folder by whoever, if it still runs. */
  static find(folder: string): EngineProcess | undefined {
    const pid = Number(readOrNothing(pidFileIn(folder)))
    return pid > 0 && isProgram(pid, folder) ? new EngineProcess(pid) : undefined
  }

  static async launch(launch: Launch): Promise<EngineProcess> {
    const launched = launch.after === 'runs on' ? EngineProcess.#detached(launch) : await EngineProcess.#guarded(launch, launch.after)
    writeFileSync(pidFileIn(launch.folder), `${launched.pid}`)
    return launched
  }

  static #detached(launch: Launch): EngineProcess {
    const child = Bun.spawn(['sh', '-c', direct, 'engine', launch.log, ...commandOf(launch)], {
      ...spawnOptions(launch),
      ...{ stdin: 'ignore', stdout: 'ignore', stderr: 'ignore', detached: true },
    })
    child.unref()
    return new EngineProcess(child.pid, child)
  }

  static async #guarded(launch: Launch, last: LastSignal): Promise<EngineProcess> {
    const child = Bun.spawn(['sh', '-c', guarded, 'engine', launch.log, last.slice('SIG'.length), ...commandOf(launch)], {
      ...spawnOptions(launch),
      ...{ stdin: 'pipe', stdout: 'pipe', stderr: 'ignore' },
    })
    return new EngineProcess(Number(await firstLine(child.stdout)), child)
  }

  get isAlive(): boolean {
    return this.#child === undefined ? isAlive(this.pid) : this.#child.exitCode === null && this.#child.signalCode === null
  }

  signal(signal: NodeJS.Signals): void {
    send(this.pid, signal)
  }

  /** Waits for its end after this signal, and kills it where it does not come. */
  async end(signal: NodeJS.Signals, withinMs = endedWithinMs): Promise<void> {
    for (const next of signal === 'SIGKILL' ? [signal] : ([signal, 'SIGKILL'] as const)) {
      this.signal(next)
      // One that was stopped ends once it goes on.
      this.signal('SIGCONT')
      if (await this.#isGone(withinMs)) return
    }
    throw new EngineError(`process ${this.pid} does not end`)
  }

  async #isGone(withinMs: number): Promise<boolean> {
    const end = performance.now() + withinMs
    while (this.isAlive) {
      if (performance.now() > end) return false
      await Bun.sleep(lookMs)
    }
    return true
  }
}

function pidFileIn(folder: string): string {
  return join(folder, 'pid')
}

function commandOf({ command, within = [], as }: Launch): string[] {
  return [...within, ...(as === 'nobody' ? unprivileged(command) : command)]
}

/** Nothing of the settings of whoever starts it. */
function spawnOptions({ folder, env }: Pick<Launch, 'folder' | 'env'>) {
  return { cwd: folder, env: { PATH: process.env.PATH ?? '', LC_ALL: 'C', HOME: folder, ...env } }
}

async function firstLine(output: ReadableStream<Uint8Array>): Promise<string> {
  const reader = output.getReader()
  const decoder = new TextDecoder()
  let text = ''
  while (!text.includes('\n')) {
    const { done, value } = await reader.read()
    if (done) throw new EngineError('the program did not start')
    text += decoder.decode(value, { stream: true })
  }
  await reader.cancel()
  return text.slice(0, text.indexOf('\n'))
}

/** To whom has ended meanwhile nothing is sent. */
export function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (Reflect.get(Object(error), 'code') !== 'ESRCH') throw error
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return Reflect.get(Object(error), 'code') === 'EPERM'
  }
  const stat = `/proc/${pid}/stat`
  // One that has ended, and that nobody has asked about, still has its id.
  return !existsSync(stat) || !/\) [ZX] /.test(readOrNothing(stat))
}

/** Whether a process that was started long ago still is that program: ids are given again. */
export function isProgram(pid: number, word: string): boolean {
  if (!isAlive(pid)) return false
  const commandLine = `/proc/${pid}/cmdline`
  if (existsSync(commandLine)) return readOrNothing(commandLine).includes(word)
  return `${Bun.spawnSync(['ps', '-o', 'command=', '-p', `${pid}`]).stdout}`.includes(word)
}

/** The end of a log, to say why a program did not start. */
export function endOfLog(log: string): string {
  if (!existsSync(log)) return 'it wrote no log'
  return readFileSync(log, 'utf8').trimEnd().split('\n').slice(-lastLines).join('\n')
}

/** A process may end between looking for it and reading of it. */
function readOrNothing(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes(Reflect.get(Object(error), 'code'))) return ''
    throw error
  }
}
