const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' })
const pictured = /\p{Extended_Pictographic}|\p{Regional_Indicator}|\u20e3/u
const emojiUnitsMax = 64

/** Whether it is one emoji: a single grapheme cluster, as people see it, that shows a picture, a flag or a keycap (chat M20). */
export function isEmoji(text: string): boolean {
  if (text.length === 0 || text.length > emojiUnitsMax || !pictured.test(text)) return false
  const graphemes = segmenter.segment(text)[Symbol.iterator]()
  graphemes.next()
  return graphemes.next().done === true
}

/** Without the marks that ask for its picture or its letter form: what is the same emoji is the same so. */
export function bareEmoji(emoji: string): string {
  return emoji.replace(/[\ufe0e\ufe0f]/g, '')
}

/** One form of those that look alike: fully qualified, as keyboards write it (UTS #51). A heart may come with the mark of its picture and without. */
export function wholeEmoji(emoji: string): string {
  return bareEmoji(emoji).replace(/(?!\p{Emoji_Presentation})\p{Emoji}(?!\p{Emoji_Modifier})/gu, '$&\ufe0f')
}

/** Whether a person or a title can be called so: a line of whole characters. */
export function isLine(text: string, unitsMax: number): boolean {
  return text.length > 0 && text.length <= unitsMax && text.isWellFormed() && !/\p{Cc}/u.test(text)
}

/** Whether nothing of a text can be seen: blanks, characters of no width, and such as only turn or join others. */
export function saysNothing(text: string): boolean {
  return !/[^\p{White_Space}\p{Cc}\p{Default_Ignorable_Code_Point}\u2800]/u.test(text)
}

const conversationPattern = /^[\w-]{1,64}$/

/** Whether a conversation can have such an id. */
export function isConversationId(text: string): boolean {
  return conversationPattern.test(text)
}

/** Bytes of the text in UTF-8. */
export function byteLength(text: string): number {
  return new TextEncoder().encode(text).byteLength
}
