/** The family name, with what belongs to it. */
export function shortName(name: string): string {
  if (name.length <= nameMax) return name
  const words = name.split(' ')
  let from = words.length - 1
  while (from > 0 && particle.test(words[from - 1] ?? '')) from--
  return words.slice(from).join(' ')
}

/** Names up to this length stand as they are. */
const nameMax = 10
const particle = /^(?:al|da|de|del|della|den|der|di|do|dos|el|la|le|mac|san|st\.?|van|von|ter|ten)$/i
