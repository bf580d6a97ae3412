import { join, relative, resolve, sep } from 'node:path'

const root = resolve(import.meta.dir, '../..')

/**
 * How this command line is called from the folder that one is in: `bin/fanfare` in a checkout, `node_modules/.bin/fanfare` where it is
 * installed. A bare name is only right for who has put it into the path, and `npx` may fetch another's package of that name.
 */
export function ownName(cwd: string, place: string = root): string {
  const installed = place.split(sep).at(-2) === 'node_modules'
  const path = installed ? join(place, '..', '.bin', 'fanfare') : join(place, 'bin', 'fanfare')
  const near = relative(cwd, path)
  return near.startsWith('..') ? path : near
}
