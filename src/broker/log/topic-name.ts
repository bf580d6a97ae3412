/** What the name of a channel may have as it is. A dot may not: to Kafka, names are the same that differ in `.` and `_` only. */
const plain = /^[\w-]$/
/** Nor may that of a namespace have either: what follows it begins with a dot, and so nothing else does. */
const plainest = /^[a-z\d-]$/i
/** Kafka's own bound. */
const topicLengthMax = 249

/**
 * A name that Kafka takes as part of a topic's: what it does not take is written as `--` and two hexadecimal digits for each byte of UTF-8, and so is a
 * hyphen before another, so that every name can be read back and most stay as they are: `game_17`, `BTC-USD`; of two names no topics are the same, not even to Kafka.
 */
export function escapeTopic(name: string, plainly = plain): string {
  let escaped = ''
  const characters = [...name]
  for (const [index, character] of characters.entries()) {
    const isPlain = plainly.test(character) && !(character === '-' && characters[index + 1] === '-')
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

/** Topics of a namespace: one; or one for each channel, whose names begin alike. */
export interface NamespaceTopics {
  readonly mapping: 'shared' | 'per-channel'
  readonly name: string
}

/** Those that its options name, or that follow from its name: then no other namespace's are the same. */
export function topicsOf(prefix: string, namespace: string, { mapping, topic }: KafkaTopics): NamespaceTopics {
  const name = topic ?? `${prefix}.${escapeTopic(namespace, plainest)}${mapping === 'shared' ? '' : '.'}`
  return { mapping, name }
}

interface KafkaTopics {
  readonly mapping: 'shared' | 'per-channel'
  readonly topic?: string | undefined
}

/** The topics of a fleet itself. */
export function fleetTopics(prefix: string): { readonly channels: string; readonly controls: string; readonly states: string } {
  return { channels: `${prefix}.channels`, controls: `${prefix}.controls`, states: `${prefix}.states` }
}

/** Whether a topic of one may be one of the other, or be the same to Kafka. */
export function overlap(one: NamespaceTopics, other: NamespaceTopics): boolean {
  return alike(one.name) === alike(other.name) || reaches(one, other.name) || reaches(other, one.name)
}

/** Where nothing stands before the name of a channel, what has a dot is never meant: no channel's topic has one. */
function reaches({ mapping, name }: NamespaceTopics, topic: string): boolean {
  if (mapping === 'shared') return false
  return name === '' ? !topic.includes('.') : alike(topic).startsWith(alike(name))
}

function alike(topic: string): string {
  return topic.replaceAll('.', '_')
}

function decodeURIComponentOf(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
