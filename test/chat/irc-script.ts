import type { IrcAnswer, IrcLine } from './irc-log.ts'

/** What a user does in the group that stands for the channel, at a minute of the log. */
export type IrcStep = { readonly line: number; readonly minute: number; readonly user: string } & (
  | { readonly kind: 'enter'; readonly how: 'joined' | 'was there' }
  | { readonly kind: 'exit'; readonly how: 'left' | 'unseen' }
  | { readonly kind: 'say'; readonly text: string; readonly answers?: number }
)

/** How long somebody stays after their last sign, where nothing shows that they leave. */
const silentMinutesMax = 30

/**
 * What users do, read from what a log shows of nicks. A user is a person: whoever renames themselves stays in the group as who they are. Of
 * whoever speaks, leaves or renames without having joined, the log did not show that they came: they come just before. A nick is one
 * person's at a time: where it is taken by another one, or joins again, whoever had it has left without the log showing it. So has, most
 * logs showing nobody leave, whoever gives no sign any more: some time after their last one. Of several lines that a line answers, the newest
 * counts. A line without words says nothing.
 */
export function scriptOf(lines: readonly IrcLine[], answers: readonly IrcAnswer[] = []): IrcStep[] {
  const answered = new Map<number, number>()
  for (const { line, to } of answers) answered.set(line, Math.max(to, answered.get(line) ?? 0))
  const cast = new Cast()
  for (const line of lines) cast.take(line, answered.get(line.line))
  return withPartings(cast.steps)
}

/** Who is there at the end, and gave their last sign so long before, has left meanwhile. */
function withPartings(steps: readonly IrcStep[]): IrcStep[] {
  const signs = new Map(steps.map(step => [step.user, step]))
  const end = steps.at(-1)?.minute ?? 0
  const partings = [...signs.values()].flatMap(({ kind, user, line, minute }): IrcStep[] =>
    kind === 'exit' || minute + silentMinutesMax > end
      ? []
      : [{ kind: 'exit', how: 'unseen', user, line, minute: minute + silentMinutesMax }],
  )
  return [...steps, ...partings].toSorted((a, b) => a.minute - b.minute)
}

class Cast {
  readonly steps: IrcStep[] = []
  /** Who has a nick, or had it last. */
  readonly #users = new Map<string, string>()
  readonly #present = new Set<string>()

  take(line: IrcLine, answers: number | undefined): void {
    if (line.kind === 'notice') return
    const user = this.#userOf(line.nick)
    if (line.kind !== 'joined') this.#isThere(line, user)
    else if (this.#present.has(user)) this.#exit(line, user, 'unseen')
    if (line.kind === 'joined') this.#enter(line, user, 'joined')
    else if (line.kind === 'left') this.#exit(line, user, 'left')
    else if (line.kind === 'renamed') this.#rename(line, user, line.to)
    else if (line.kind === 'said' && line.text !== '')
      this.steps.push({ kind: 'say', ...placeOf(line), user, text: line.text, ...(answers === undefined ? {} : { answers }) })
  }

  #rename(line: IrcLine, user: string, nick: string): void {
    const other = this.#users.get(nick)
    if (other !== undefined && other !== user && this.#present.has(other)) this.#exit(line, other, 'unseen')
    this.#users.delete(line.nick)
    this.#users.set(nick, user)
  }

  #isThere(line: IrcLine, user: string): void {
    if (!this.#present.has(user)) this.#enter(line, user, 'was there')
  }

  #enter(line: IrcLine, user: string, how: 'joined' | 'was there'): void {
    this.#present.add(user)
    this.steps.push({ kind: 'enter', ...placeOf(line), user, how })
  }

  #exit(line: IrcLine, user: string, how: 'left' | 'unseen'): void {
    this.#present.delete(user)
    this.steps.push({ kind: 'exit', ...placeOf(line), user, how })
  }

  /** A nick that was given up and comes back may be somebody else's: only who is away can be the same. */
  #userOf(nick: string): string {
    const known = this.#users.get(nick)
    if (known !== undefined) return known
    let user = nick
    for (let count = 2; this.#present.has(user); count++) user = `${nick}~${count}`
    this.#users.set(nick, user)
    return user
  }
}

function placeOf({ line, minute }: IrcLine): { readonly line: number; readonly minute: number } {
  return { line, minute }
}
