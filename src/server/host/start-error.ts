/** The surroundings do not let this server start. The message is for whoever started it. */
export class StartError extends Error {
  /** @param path the option that it is about */
  constructor(
    readonly path: string,
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(`${path}: ${reason}`, options)
  }
}
