/** A thing with some of its parts replaced; what is not replaced works on the thing itself. */
export function withParts<T extends object>(whole: T, parts: Partial<T>): T {
  return new Proxy(whole, {
    get(target, name) {
      const part: unknown = Reflect.get(parts, name) ?? Reflect.get(target, name, target)
      return typeof part === 'function' ? part.bind(target) : part
    },
  })
}
