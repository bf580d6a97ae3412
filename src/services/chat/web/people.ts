/** What names end in that the server made up for guests: four characters, so that two of one name can be told apart. */
const guestPattern = /^(.+)-[a-z0-9_]{4}$/
const hues = [25, 55, 85, 125, 160, 190, 220, 250, 280, 310, 335, 5]

/** How users are named to this one. */
export class People {
  constructor(
    readonly me: string,
    /** Whether users are guests, whose ids are a name and an ending. */
    readonly guests: boolean,
  ) {}

  /** The name on its own, such as a title. */
  name(user: string): string {
    const guest = this.guests ? guestPattern.exec(user)?.[1] : undefined
    return guest === undefined
      ? user
      : guest.replace(/(^|-)(\p{L})/gu, (_, dash: string, letter: string) => `${dash === '' ? '' : ' '}${letter.toUpperCase()}`)
  }

  /** The name in a sentence, in which one is oneself. */
  subject(user: string): string {
    return user === this.me ? 'You' : this.name(user)
  }

  object(user: string): string {
    return user === this.me ? 'you' : this.name(user)
  }

  /** "Ann, Ben and you". */
  listed(users: readonly string[]): string {
    const names = users.toSorted((a, b) => Number(a === this.me) - Number(b === this.me)).map(user => this.object(user))
    const last = names.pop() ?? ''
    return names.length === 0 ? last : `${names.join(', ')} and ${last}`
  }
}

/** One or two letters that stand for a name. */
export function initialsOf(name: string): string {
  const words = name.split(/[\s._-]+/u).filter(word => /[\p{L}\p{N}]/u.test(word))
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined].map(word => (word === undefined ? '' : ([...word][0] ?? '')))
  return letters.join('').toUpperCase() || '?'
}

/** A colour that stays with a name: a hue in degrees. */
export function hueOf(name: string): number {
  let hash = 0x811c9dc5
  for (const unit of name) hash = Math.imul(hash ^ (unit.codePointAt(0) ?? 0), 0x01000193)
  return hues[(hash >>> 0) % hues.length] ?? 0
}
