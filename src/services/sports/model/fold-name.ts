/** Letters that Unicode does not decompose into a base letter and a mark, as feeds write them in plain Latin. */
const undecomposed: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ħ: 'h',
  ı: 'i',
  ł: 'l',
  ŋ: 'n',
  ŧ: 't',
  ə: 'e',
}
const letters = new RegExp(`[${Object.keys(undecomposed).join('')}]`, 'g')

/** How many folded names are remembered: the squads of a few hundred matches. Beyond, all are forgotten. */
const rememberedMax = 16_384
const remembered = new Map<string, readonly string[]>()

/**
 * The words of a name in the form in which two feeds can be compared: lower case, without accents, letters such as ø and ı in plain Latin, and
 * what is written out ("oe" for "ö", "aa" for "å", "dj" for "đ", "Jr" for "Júnior") as if it was not.
 */
export function foldName(name: string): readonly string[] {
  const known = remembered.get(name)
  if (known !== undefined) return known
  const words = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{M}/gu, '')
    .replace(letters, letter => undecomposed[letter] ?? letter)
    .replace(/([aou])e/g, '$1')
    .replace(/aa/g, 'a')
    .replace(/dj/g, 'd')
    .replace(/['’ʼ`]/g, '')
    .split(/[^\p{L}\p{N}]+/u)
    .filter(word => word !== '')
    .map(word => (/^jn?r$/.test(word) ? 'junior' : word))
  if (remembered.size >= rememberedMax) remembered.clear()
  remembered.set(name, words)
  return words
}
