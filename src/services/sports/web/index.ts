export { LeagueStore } from './league-store.ts'
export { ScoreCard } from './score-card.tsx'
