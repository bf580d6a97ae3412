import { z } from 'zod'
import { expects, optionNotes, refusal } from './option.ts'

/** A store as it is given: what does not follow from other options. */
export type GivenStore = { readonly kind: 'sqlite'; readonly path: string } | { readonly kind: 'postgres'; readonly url: string }

const phrase = 'a store like "sqlite:./data/fanfare.sqlite" or "postgres://user:password@host/database"'

/** A text like a URL may hold a password, so it is not shown when it is refused. */
function isSecret(value: string): boolean {
  return /:\/\/|@/.test(value)
}

/** The problem with a URL of Postgres; undefined if there is none. */
function flawOf(url: string): string | undefined {
  if (!URL.canParse(url)) return 'what is no URL'
  const { hostname, username, pathname } = new URL(url)
  if (hostname === '') return 'a URL that names no host'
  if (username === '') return 'a URL that names no user'
  return /^\/[^/]+$/.test(pathname) ? undefined : 'a URL that names no database'
}

function parse(value: string): GivenStore | string {
  const path = /^sqlite:(.+)$/s.exec(value)?.[1]
  if (path !== undefined) return { kind: 'sqlite', path }
  if (!/^postgres(ql)?:/.test(value)) return refusal(phrase, value, isSecret(value))
  const flaw = flawOf(value)
  return flaw === undefined ? { kind: 'postgres', url: value } : `expected postgres://user:password@host/database, got ${flaw}`
}

/** The store of rows. Only a path of it is shown: the rest may hold a password. */
export const store = z
  .string(expects(phrase, true))
  .transform((value, context) => {
    const parsed = parse(value)
    if (typeof parsed !== 'string') return parsed
    context.addIssue({ code: 'custom', message: parsed })
    return z.NEVER
  })
  .register(optionNotes, {
    type: 'sqlite:PATH | postgres://…',
    meaning:
      'Where rows are kept: in SQLite, those of services are in a file beside it, whose name ends in "-rows". With Postgres, histories of channels and what services keep on this machine stay in fanfare.sqlite in the data folder. A URL with a password is best given by variable.',
    neverEmpty: true,
    otherwise: 'fanfare.sqlite in the data folder',
    read: text => text,
  })
  .optional()
