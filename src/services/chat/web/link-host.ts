/** Letters of the Latin alphabet with their marks, without those that look like others of it. */
const latin = /^[a-z0-9\u00df-\u00f6\u00f8-\u0130\u0132-\u017e\u0180-\u0236-]+$/iu
/** Scripts whose letters nobody takes for Latin ones: a label of one of them alone is what it looks like. */
const ofItsOwn = [
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー0-9-]+$/u,
  ...['Hangul', 'Arabic', 'Hebrew', 'Thai', 'Devanagari', 'Bengali', 'Tamil', 'Georgian'].map(
    script => new RegExp(`^[\\p{Script=${script}}\\p{M}0-9-]+$`, 'u'),
  ),
]
/** These look like Latin letters, so that they are believed only where the whole name is of their script. */
const alike = [/^[\p{Script=Cyrillic}0-9-]+$/u, /^[\p{Script=Greek}0-9-]+$/u, /^[\p{Script=Armenian}0-9-]+$/u]

/**
 * Where an address leads that may look like another one, as the name that computers use; undefined where it is what it looks like. Letters of
 * several scripts in one name, or of one that looks like Latin under a Latin ending, are what fakes are made of.
 */
export function deceptiveHost(address: string): string | undefined {
  const written = /^(?:https?:\/\/)?([^/?#:]*)/iu.exec(address)?.[1] ?? ''
  const whole = /^https?:\/\//iu.test(address) ? address : `https://${address}`
  if (/^[\x21-\x7e]*$/u.test(written) || !URL.canParse(whole)) return undefined
  const labels = written.normalize('NFC').split(/[.\u3002\uff0e\uff61]/u)
  const isPlain = labels.every(label => latin.test(label) || ofItsOwn.some(script => script.test(label)))
  const isWhole = alike.some(script => labels.every(label => script.test(label)))
  return isPlain || isWhole ? undefined : new URL(whole).hostname
}
