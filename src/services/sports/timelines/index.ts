export { final2022 } from './final-2022.ts'
export { semi2014 } from './semi-2014.ts'
