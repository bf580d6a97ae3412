/** A row of numbers as a small curve that begins at zero. The newest stands at the right. */
export function Sparkline({ values, label }: { readonly values: readonly number[]; readonly label: string }) {
  const width = 160
  const height = 40
  const { line, area, last } = curve(values, width, height)
  return (
    <svg class="sparkline" viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" role="img" aria-label={label}>
      <path class="area" d={area} />
      <path class="line" d={line} vector-effect="non-scaling-stroke" />
      {last === undefined ? null : <path class="tip" d={`M${last.x} ${last.y}h0`} vector-effect="non-scaling-stroke" />}
    </svg>
  )
}

/** Room for the dot at the newest value. */
const tipSpace = 6
/** Room for half the line's width, above and below. */
const edge = 3

interface Curve {
  readonly line: string
  readonly area: string
  readonly last: { readonly x: number; readonly y: number } | undefined
}

/** The curve's paths in a box. Values below zero count as zero; a row of zeros lies on the ground. */
export function curve(values: readonly number[], width: number, height: number): Curve {
  const top = Math.max(...values, 0) || 1
  const step = (width - tipSpace) / Math.max(1, values.length - 1)
  const round = (number: number) => Math.round(number * 100) / 100
  const points = values.map((value, index) => ({
    x: round(width - tipSpace - (values.length - 1 - index) * step),
    y: round(height - edge - (Math.max(0, value) / top) * (height - 2 * edge)),
  }))
  const first = points[0]
  const last = points.at(-1)
  if (first === undefined || last === undefined) return { line: '', area: '', last: undefined }
  const line = points.map(({ x, y }, index) => `${index === 0 ? 'M' : 'L'}${x} ${y}`).join('')
  return { line, area: `${line}H${width}V${height}H${first.x}Z`, last }
}
