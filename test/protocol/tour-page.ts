import { tour } from './tour.ts'

Reflect.set(globalThis, 'tour', tour)
