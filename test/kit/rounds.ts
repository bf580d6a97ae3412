/** Whether this is `npm run test:long`. */
const isLong = process.env.ROUNDS === 'long'

/**
 * How often, or how much of it, a test tries what it promises: so much with `npm test`, which is done in minutes, and so much with
 * `npm run test:long`, which runs the files that call this.
 */
export function rounds(short: number, long: number): number {
  return isLong ? long : short
}
