/** As many characters and places as Centrifugo reads; beyond, a text is no number. */
const decimalLengthMax = 200
const decimal = /^([+-]?)(\d+)(?:\.(\d{1,19}))?$/

/** Whether a text is a decimal number: no exponent, a digit before the point and behind it. */
export function isDecimal(text: string): boolean {
  return text.length <= decimalLengthMax && decimal.test(text)
}

/** Compares two decimal numbers exactly: below, at, or above 0 as the first is smaller, the same, or larger. */
export function compareDecimals(left: string, right: string): number {
  const difference = scaled(left) - scaled(right)
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}

/** In units of 10^-19. */
function scaled(text: string): bigint {
  const [, sign = '', whole = '0', fraction = ''] = decimal.exec(text) ?? []
  const value = BigInt(whole + fraction.padEnd(19, '0'))
  return sign === '-' ? -value : value
}
