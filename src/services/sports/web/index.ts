export { followDelay } from './delay.ts'
export { DelayNote } from './delay-control.tsx'
export { LeagueStore } from './league-store.ts'
export { ScoreCard } from './score-card.tsx'
