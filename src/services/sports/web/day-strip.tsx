import { useEffect, useRef } from 'preact/hooks'
import { Choices } from './choices.tsx'
import { type Day, dateOf, dayName } from './game-groups.ts'

/** What of the matches is looked at: those of a day, or those that are on. */
export type View = Day | 'live'

export interface DayStripProps {
  readonly days: readonly Day[]
  readonly today: Day
  readonly chosen: View
  /** How many matches are on. */
  readonly live: number
  readonly onChoose: (view: View) => void
}

/** The days side by side, the chosen one in sight. */
export function DayStrip({ days, today, chosen, live, onChoose }: DayStripProps) {
  const strip = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const row = strip.current?.querySelector('fieldset')
    const label = row?.querySelector('input:checked')?.parentElement
    if (row && label) row.scrollLeft = label.offsetLeft - (row.clientWidth - label.offsetWidth) / 2
  }, [chosen, days.length])
  const choices = [
    { value: 'live' as View, name: <LiveName live={live} /> },
    ...days.map(day => ({ value: day as View, name: <DayName day={day} today={today} /> })),
  ]
  return (
    <div class="day-strip" ref={strip}>
      <Choices label="Day" name="day" choices={choices} chosen={chosen} onChoose={onChoose} />
    </div>
  )
}

function LiveName({ live }: { readonly live: number }) {
  return (
    <span class="day-name" data-live={live > 0}>
      Live <small class="numeral">{live}</small>
    </span>
  )
}

function DayName({ day, today }: { readonly day: Day; readonly today: Day }) {
  const [name, date] = [dayName(day, today), dateOf(day)]
  return (
    <span class="day-name">
      {name}
      {name.includes(' ') ? null : <small>{date}</small>}
    </span>
  )
}
