import type { FileKind } from '../client/index.ts'
import type { IconName } from './icons.tsx'

const units = ['bytes', 'kB', 'MB', 'GB', 'TB'] as const

/** "312 kB", "1.4 MB". */
export function sizeText(bytes: number): string {
  let value = bytes
  let unit = 0
  // What would be rounded up to a thousand is one of the next.
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  if (unit === 0) return bytes === 1 ? '1 byte' : `${bytes} bytes`
  return `${value < 9.95 ? value.toFixed(1).replace('.0', '') : Math.round(value)} ${units[unit]}`
}

/** What stands on the sheet of a file: its ending, where it is one. */
export function endingOf(name: string): string {
  return /\.([A-Za-z0-9]{1,4})$/.exec(name)?.[1]?.toUpperCase() ?? ''
}

export function kindIcon(kind: FileKind): IconName {
  return kind === 'picture' || kind === 'video' ? 'photo' : 'file'
}
