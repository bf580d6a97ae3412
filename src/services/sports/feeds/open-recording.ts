import { readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { z } from 'zod'
import { slugOf } from '../model/index.ts'
import { fromDataFactory } from './adapters/datafactory.ts'
import { isDataFactory } from './adapters/datafactory-file.ts'
import { fromStatsBomb, isStatsBomb } from './adapters/statsbomb.ts'
import { fromWyscout, homeTeamIn, isWyscout } from './adapters/wyscout.ts'
import type { Recording } from './recording.ts'

/** Beyond this a file is not read: the largest match files of the providers have some 10 MB. */
const bytesMax = 256 * 1024 * 1024

/**
 * Reads a recorded match of one of the known providers, packed with gzip or not. Its game is named after the file.
 * @throws Error that says what is wrong with the file
 */
export function openRecording(path: string): Recording {
  const text = readPacked(path)
  const document: unknown = parse(text, path)
  const id = slugOf(basename(path).replace(/(\.json)?(\.gz)?$/, ''))
  try {
    if (isStatsBomb(document)) return fromStatsBomb(id, document, lineupsBeside(path))
    if (isDataFactory(document)) return fromDataFactory(id, document)
    if (isWyscout(document)) return fromWyscout(id, document, homeTeamIn(text))
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error
    const [issue] = error.issues
    throw new Error(`${path}: not as the provider writes it: ${issue?.path.join('.')}: ${issue?.message}`)
  }
  throw new Error(`${path}: not a match file of StatsBomb (events), DataFactory or Wyscout`)
}

/** StatsBomb keeps line-ups in a file beside the events: `…_lineup.json` for `…_event.json`, or `lineups/7.json` for `events/7.json`. */
function lineupsBeside(path: string): unknown {
  const name = basename(path).replace(/event/, 'lineup')
  const folder = dirname(path).replace(/events$/, 'lineups')
  for (const candidate of [join(folder, name), join(folder, name.replace(/\.gz$/, '')), join(folder, `${name}.gz`)]) {
    if (candidate === path) continue
    try {
      return parse(readPacked(candidate), candidate)
    } catch (error) {
      if (!(error instanceof Error && Reflect.get(error, 'code') === 'ENOENT')) throw error
    }
  }
  return undefined
}

function readPacked(path: string): string {
  const bytes = readFileSync(path)
  const isPacked = bytes[0] === 0x1f && bytes[1] === 0x8b
  return (isPacked ? gunzipSync(bytes, { maxOutputLength: bytesMax }) : bytes).toString('utf8')
}

function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error(`${path}: not JSON`)
  }
}
