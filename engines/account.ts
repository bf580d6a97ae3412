import { existsSync, readFileSync } from 'node:fs'
import { EngineError } from './engine-error.ts'

/** The user as whom engines run. */
export interface Account {
  readonly uid: number
  readonly gid: number
}

/** Postgres refuses to be root and Kafka need not be, so what root starts runs as nobody; everybody else starts engines as themselves. */
export function engineAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined
  const users = existsSync('/etc/passwd') ? readFileSync('/etc/passwd', 'utf8') : ''
  const [, uid, gid] = /^nobody:[^:]*:(\d+):(\d+):/m.exec(users) ?? []
  if (uid === undefined || gid === undefined) throw new EngineError('engines do not run as root, and there is no user "nobody"')
  return { uid: Number(uid), gid: Number(gid) }
}

/** A command that runs without the rights of root. It becomes the program, so the process keeps its id. */
export function unprivileged(command: readonly string[]): string[] {
  const account = engineAccount()
  if (account === undefined) return [...command]
  if (Bun.which('setpriv') === null)
    throw new EngineError('engines do not run as root, and "setpriv" is missing: install util-linux, or start them as another user')
  return ['setpriv', `--reuid=${account.uid}`, `--regid=${account.gid}`, '--clear-groups', ...command]
}

/** Gives a folder and all in it to the user of the engines. */
export function handOver(folder: string): void {
  const account = engineAccount()
  if (account === undefined) return
  const given = Bun.spawnSync(['chown', '-R', `${account.uid}:${account.gid}`, folder])
  if (!given.success) throw new EngineError(`chown ${folder}: ${given.stderr}`)
}
