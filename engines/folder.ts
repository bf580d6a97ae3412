import { mkdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { engineAccount } from './account.ts'

const root = join(import.meta.dir, '..')
/** Where root keeps engines of a checkout that nobody else may enter: the parent belongs to root alone. */
const systemFolder = '/var/cache/fanfare-engines'

/** Where programs, data and logs of engines are kept: in the checkout, in a folder that Git passes over. */
export function enginesFolder(): string {
  const folder = process.env.ENGINES_FOLDER ?? (isOpen(root) ? join(root, '.engines') : systemFolder)
  mkdirSync(folder, { recursive: true, mode: 0o755 })
  return folder
}

/** Whether the user of the engines can enter a folder. */
function isOpen(folder: string): boolean {
  if (engineAccount() === undefined) return true
  const othersEnter = 0o001
  for (let path = folder; ; path = dirname(path)) {
    if ((statSync(path).mode & othersEnter) === 0) return false
    if (path === dirname(path)) return true
  }
}
