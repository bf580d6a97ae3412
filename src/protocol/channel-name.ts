/** How channel names are cut. The characters are Centrifugo's defaults. */
const channelSyntax = { namespaceBoundary: ':', userBoundary: '#', userSeparator: ',', privatePrefix: '$' } as const

/** Longest name of a channel, in UTF-16 units. Centrifugo's default. */
export const channelNameMax = 255

/** Whether a name can be a channel at all: 1 to 255 characters, none of them a control character. */
export function isChannelName(name: string): boolean {
  if (name.length === 0 || name.length > channelNameMax) return false
  for (let index = 0; index < name.length; index++) {
    const unit = name.charCodeAt(index)
    if (unit < 0x20 || unit === 0x7f) return false
  }
  return name.isWellFormed()
}

/** The namespace that a name lies in: what stands before the first `:`, or '' without one. A `$` in front does not count. */
export function namespaceOf(name: string): string {
  const boundary = name.indexOf(channelSyntax.namespaceBoundary)
  if (boundary === -1) return ''
  return name.slice(name.startsWith(channelSyntax.privatePrefix) ? 1 : 0, boundary)
}

/** The users that a user-limited channel admits (`inbox:#alice`, `dialog:#alice,bob`), or undefined where it is open. */
export function usersOf(name: string): readonly string[] | undefined {
  const boundary = name.lastIndexOf(channelSyntax.userBoundary)
  return boundary === -1 ? undefined : name.slice(boundary + 1).split(channelSyntax.userSeparator)
}

/** Whether only a subscription token opens the channel, whatever the namespace allows. */
export function isPrivate(name: string): boolean {
  return name.startsWith(channelSyntax.privatePrefix)
}

/** FNV-1a over UTF-16 units: the same 32 bits in every process and browser. */
export function channelHash(name: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < name.length; index++) hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193)
  return hash >>> 0
}
