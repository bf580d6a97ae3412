/** Ways in which feeds write names. */
export type Spelling = 'same' | 'plain' | 'initial' | 'family' | 'upper' | 'written-out'

const plainLetters: Readonly<Record<string, string>> = { ø: 'o', Ø: 'O', ı: 'i', ł: 'l', Ł: 'L', đ: 'd', Đ: 'D', ß: 'ss', æ: 'ae', œ: 'oe' }

/** A name as another feed writes it. Where a family name is that of two, the given name stays, as feeds do it. */
export function spelled(name: string, spelling: Spelling, names: ReadonlySet<string>): string {
  const words = name.split(' ')
  const family = words.slice(1).join(' ')
  switch (spelling) {
    case 'same':
      return name
    case 'plain':
      return plain(name)
    case 'upper':
      return name.toUpperCase()
    case 'written-out':
      return plain(name.replace(/[äöü]/g, letter => ({ ä: 'ae', ö: 'oe', ü: 'ue' })[letter] ?? letter))
    case 'initial':
      return family === '' ? name : plain(`${name[0]}. ${family}`)
    case 'family':
      return family === '' || isShared(family, name, names) ? name : plain(family)
    default:
      return spelling satisfies never
  }
}

function isShared(family: string, name: string, names: ReadonlySet<string>): boolean {
  const ends = plain(family).toLowerCase()
  return [...names].some(other => other !== name && plain(other).toLowerCase().split(' ').slice(-1)[0] === ends.split(' ').slice(-1)[0])
}

function plain(name: string): string {
  return name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[øØıłŁđĐßæœ]/g, letter => plainLetters[letter] ?? letter)
}
