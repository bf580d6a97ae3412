export { openRecording } from './feeds/open-recording.ts'
export { type SportsOptions, sportsService } from './service.ts'
