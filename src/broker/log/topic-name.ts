/** What a topic may be named with. */
const plain = /^[\w.-]$/
/** Kafka's own bound. */
const topicLengthMax = 249

/**
 * A name that Kafka takes as part of a topic's: what it does not take is written as `--` and two hexadecimal digits for each byte of UTF-8, and so is a
 * hyphen before another, so that every name can be read back and most stay as they are: `game_17`, `BTC-USD`, `BRK.B`.
 */
export function escapeTopic(name: string): string {
  let escaped = ''
  const characters = [...name]
  for (const [index, character] of characters.entries()) {
    const isPlain = plain.test(character) && !(character === '-' && characters[index + 1] === '-')
    escaped += isPlain
      ? character
      : [...new TextEncoder().encode(character)].map(byte => `--${byte.toString(16).padStart(2, '0')}`).join('')
  }
  return escaped
}

/** The name behind it; undefined for what is none. */
export function unescapeTopic(escaped: string): string | undefined {
  const name = decodeURIComponentOf(escaped.replaceAll('%', '%25').replaceAll(/--([\da-f]{2})/g, '%$1'))
  return name !== undefined && escapeTopic(name) === escaped ? name : undefined
}

/** The topic of one channel; undefined where it would be longer than Kafka allows. */
export function topicOf(prefix: string, name: string): string | undefined {
  const topic = `${prefix}${escapeTopic(name)}`
  return topic.length > topicLengthMax ? undefined : topic
}

function decodeURIComponentOf(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
