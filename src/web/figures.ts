/** 950, 12.3k, 4.56M: at most four characters of figures, so that a moving number does not jump about. */
export function shortCount(value: number): string {
  return scaled(value, 1000, ['', 'k', 'M', 'G', 'T'])
}

/** 950 B, 12.3 kB, 4.56 MB: powers of 1000, as networks are measured. */
export function bytesText(value: number): string {
  return scaled(value, 1000, [' B', ' kB', ' MB', ' GB', ' TB'])
}

/** 42 s, 5 min, 3 h 20 min, 2 d 4 h. */
export function spanText(seconds: number): string {
  const whole = Math.floor(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min`
  if (whole < 86_400) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
  return `${Math.floor(whole / 86_400)} d ${Math.floor((whole % 86_400) / 3600)} h`
}

/** 0.42 ms, 3.1 ms, 120 ms. */
export function millisText(value: number): string {
  return `${value < 1 ? value.toFixed(2) : value < 10 ? value.toFixed(1) : Math.round(value)} ms`
}

function scaled(value: number, step: number, units: readonly string[]): string {
  let rest = value
  let unit = 0
  while (rest >= step * 0.9995 && unit < units.length - 1) {
    rest /= step
    unit++
  }
  const digits = unit === 0 ? (Number.isInteger(rest) || rest >= 100 ? 0 : 1) : rest < 9.995 ? 2 : rest < 99.95 ? 1 : 0
  return `${rest.toFixed(digits)}${units[unit]}`
}
