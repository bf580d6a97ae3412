import { useId } from 'preact/hooks'

export interface Colored {
  readonly code: string
  readonly colors: readonly string[]
}

/** A shield in a team's colours, striped. Decoration: the name stands beside it. */
export function Crest({ team }: { readonly team: Colored }) {
  const clip = useId()
  const width = 48 / team.colors.length
  return (
    <svg class="crest" viewBox="0 0 48 56" aria-hidden="true">
      <clipPath id={clip}>
        <path d="M24 1.5 45.5 7v23.5C45.5 42 37 50 24 54.5 11 50 2.5 42 2.5 30.5V7Z" />
      </clipPath>
      <g clip-path={`url(#${clip})`}>
        {team.colors.map((color, index) => (
          <rect key={`${index}${color}`} x={index * width} y="0" width={width + 0.5} height="56" fill={color} />
        ))}
        <path d="M0 0h48v26C32 33 14 33 0 26Z" fill="#fff" opacity=".14" />
      </g>
      <path
        d="M24 1.5 45.5 7v23.5C45.5 42 37 50 24 54.5 11 50 2.5 42 2.5 30.5V7Z"
        fill="none"
        stroke="rgb(255 255 255 / 55%)"
        stroke-width="2"
      />
      <path
        d="M24 .5 46.5 6.2v24.3C46.5 42.6 37.6 51 24 55.5 10.4 51 1.5 42.6 1.5 30.500V6.200Z"
        fill="none"
        stroke="rgb(0 0 0 / 25%)"
        stroke-width="1"
      />
    </svg>
  )
}

/** The first colour that is neither grey nor nearly so: what a team's side of a board glows in. */
export function glowOf({ colors }: Colored): string {
  return colors.find(color => chroma(color) > 40) ?? colors[0] ?? '#888888'
}

function chroma(color: string): number {
  const channels = [1, 3, 5].map(at => Number.parseInt(color.slice(at, at + 2), 16))
  return Math.max(...channels) - Math.min(...channels)
}
