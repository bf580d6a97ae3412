import { afterEach } from 'bun:test'
import { endAll } from './support/endings.ts'

// `bunfig.toml` loads this before any test: a hook of a module that tests import would be that of the first file alone.
afterEach(endAll)
