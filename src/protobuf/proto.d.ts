declare module '*.proto' {
  const source: string
  export = source
}
