type Matcher = (character: string) => boolean
/** Any run of characters, or one that passes. */
type Token = 'run' | Matcher

/** How many patterns one with alternatives may stand for. */
const alternativesMax = 256

/**
 * Whether a name matches a pattern: `*` any characters, `?` one, `[a-z]` and `[!a-z]` one of a class, `{news,weather}` one of several,
 * `\` takes the next character as it is. Undefined where that makes no sense. Time grows with name x pattern, whatever they hold.
 */
export function globOf(pattern: string): ((name: string) => boolean) | undefined {
  const globs = alternativesOf(pattern)?.map(tokensOf)
  if (globs === undefined || globs.some(tokens => tokens === undefined)) return undefined
  const whole = globs.filter(tokens => tokens !== undefined)
  return name => whole.some(tokens => matches(tokens, [...name]))
}

const innermostGroup = /(?<!\\)\{((?:[^\\{}]|\\.)*)\}/s

/** `a{b,c}` as `ab` and `ac`. */
function alternativesOf(pattern: string): string[] | undefined {
  const plain: string[] = []
  const waiting = [pattern]
  for (const next of waiting) {
    const group = innermostGroup.exec(next)
    if (group === null) plain.push(next)
    else
      for (const choice of (group[1] ?? '').split(/(?<!\\),/))
        waiting.push(next.slice(0, group.index) + choice + next.slice(group.index + group[0].length))
    if (waiting.length > alternativesMax) return undefined
  }
  return plain
}

const tokenPattern = /\\(?<taken>.)|(?<run>\*+)|(?<one>\?)|\[(?<not>!?)(?<set>[^\]]+)\]|./gsu

function tokensOf(pattern: string): Token[] | undefined {
  const tokens: Token[] = []
  for (const { 0: text, groups = {} } of pattern.matchAll(tokenPattern)) {
    const { taken, run, one, not, set } = groups
    if (run !== undefined) tokens.push('run')
    else if (one !== undefined) tokens.push(() => true)
    else if (set !== undefined) {
      const isOf = classOf(set)
      if (isOf === undefined) return undefined
      tokens.push(character => isOf(character) === (not === ''))
    } else tokens.push(character => character === (taken ?? text))
  }
  return tokens
}

/** The characters between brackets; `a-z` is a range, which must not run backwards. */
function classOf(set: string): Matcher | undefined {
  const singles = new Set<string>()
  const ranges: { readonly from: string; readonly to: string }[] = []
  for (const { 0: text, groups = {} } of set.matchAll(/(?<from>.)-(?<to>.)|./gsu)) {
    const { from, to } = groups
    if (from === undefined || to === undefined) singles.add(text)
    else if (from > to) return undefined
    else ranges.push({ from, to })
  }
  return character => singles.has(character) || ranges.some(({ from, to }) => from <= character && character <= to)
}

/** Only the last run is ever taken back: any earlier one could do no better. */
function matches(tokens: readonly Token[], characters: readonly string[]): boolean {
  let token = 0
  let run = -1
  let resume = 0
  for (let at = 0; at < characters.length; ) {
    const next = tokens[token]
    if (next === 'run') {
      run = token++
      resume = at
    } else if (next?.(characters[at] ?? '')) {
      token++
      at++
    } else if (run === -1) return false
    else {
      token = run + 1
      at = ++resume
    }
  }
  return tokens.slice(token).every(rest => rest === 'run')
}
