import type { Metronomes } from './metronome.ts'

/** A broker keeps sources for their state alone: nobody taps them, so nothing beats. */
export const quietMetronomes: Pick<Metronomes, 'of'> = { of: () => undefined }
