import type { Pacers } from './pacer.ts'

/** Without any beat: nobody reads the state that a broker keeps as news. */
export const unpaced: Pick<Pacers, 'of'> = { of: () => undefined }
