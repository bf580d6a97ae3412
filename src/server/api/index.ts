export { addApiRoutes } from './routes.ts'
