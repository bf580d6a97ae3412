/** By these a back end may know who comes, and from where. */
const handedOn = ['cookie', 'authorization', 'origin', 'user-agent', 'accept-language', 'x-real-ip'] as const

/** The headers of a client's request that the connect hook gets, with the client's address at the end of `x-forwarded-for`. */
export function clientHeaders({ headers }: Request, address: string): Readonly<Record<string, string>> {
  const given = handedOn.flatMap(name => {
    const value = headers.get(name)
    return value === null ? [] : [[name, value] as const]
  })
  const path = [headers.get('x-forwarded-for') ?? '', address].filter(part => part !== '').join(', ')
  return Object.fromEntries(path === '' ? given : [...given, ['x-forwarded-for', path]])
}
