export { type SportsOptions, sportsService } from './service.ts'
