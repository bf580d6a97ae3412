import { afterEach } from 'bun:test'
import fc from 'fast-check'
import { endAll } from './kit/endings.ts'

// `bunfig.toml` loads this before any test: a hook of a module that tests import would be that of the first file alone.
afterEach(endAll)

// Properties are tried on the same cases in every run: a case that fails once in a thousand runs would fail somebody else's change.
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: 7400 })
