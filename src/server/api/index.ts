export { globOf } from './glob.ts'
export { addApiRoutes } from './routes.ts'
