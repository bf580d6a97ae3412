/** Why an engine does not run, in words for whoever started it. */
export class EngineError extends Error {
  override readonly name = 'EngineError'
}
