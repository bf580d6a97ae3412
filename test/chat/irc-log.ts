/** A line of an IRC log. `line` is its number from 0, as annotations count; `minute` is from midnight before the log began. */
export type IrcLine = { readonly line: number; readonly minute: number; readonly nick: string } & (
  | { readonly kind: 'said'; readonly text: string }
  | { readonly kind: 'joined' | 'left' | 'notice' }
  | { readonly kind: 'renamed'; readonly to: string }
)

/** That one line answers another. Annotators gave the line answered first; a line that answers itself begins something. */
export interface IrcAnswer {
  readonly line: number
  readonly to: number
}

const day = 24 * 60
const timed = /^\[(\d\d):(\d\d)\] (?: \* (\S+)(.*)|<([^>]+)>(.*))$/
const cameOrWent = /^=== (\S+) \[[^\]]*\] +has (joined|left|quit)\b/
const renamed = /^=== (\S+) is now known as (\S+)$/
/** What the server says of a channel: its topic, its mode. No nick holds these signs. */
const notice = /^=== \S*[/#]/
/** What older logs wrote where somebody tells of themselves: `/me` in a client. */
const told = /^=== (\S+) (.*)$/

/**
 * Reads a log. Lines without a time have that of the line before. A time before the last one is of the next day.
 * @throws where a line is none of a log
 */
export function readIrcLog(log: string): IrcLine[] {
  let minute = 0
  return log
    .split('\n')
    .filter((text, index, all) => text !== '' || index < all.length - 1)
    .map((text, line) => {
      const clock = timed.exec(text)
      if (clock !== null) {
        const [, hours, minutes, actor, act = '', speaker, words = ''] = clock
        const here = Number(hours) * 60 + Number(minutes)
        while (here + Math.floor(minute / day) * day < minute) minute = (Math.floor(minute / day) + 1) * day
        minute = here + Math.floor(minute / day) * day
        if (speaker !== undefined) return { kind: 'said', line, minute, nick: speaker.trim(), text: words.trim() }
        return { kind: 'said', line, minute, nick: actor ?? '', text: act.trim() === '' ? '' : `* ${act.trim()}` }
      }
      return readNotice(text, line, minute)
    })
}

function readNotice(text: string, line: number, minute: number): IrcLine {
  const [, passer, what] = cameOrWent.exec(text) ?? []
  if (passer !== undefined) return { kind: what === 'joined' ? 'joined' : 'left', line, minute, nick: passer }
  const [, from, to] = renamed.exec(text) ?? []
  if (from !== undefined && to !== undefined) return { kind: 'renamed', line, minute, nick: from, to }
  if (notice.test(text)) return { kind: 'notice', line, minute, nick: '' }
  const [, actor, act] = told.exec(text) ?? []
  if (actor !== undefined && act !== undefined) return { kind: 'said', line, minute, nick: actor, text: `* ${act.trim()}` }
  throw new Error(`line ${line} is none of an IRC log: ${text}`)
}

/** Reads which line answers which, `<answered> <line> -` each. Those that answer nothing are left out. */
export function readIrcAnswers(annotations: string): IrcAnswer[] {
  return annotations
    .split('\n')
    .filter(text => text !== '')
    .map(text => {
      const [to, line] = text.split(' ').map(Number)
      if (to === undefined || line === undefined || Number.isNaN(to) || Number.isNaN(line)) throw new Error(`no annotation: ${text}`)
      return { line, to }
    })
    .filter(({ line, to }) => to < line)
}
