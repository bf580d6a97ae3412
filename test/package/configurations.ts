/** How whoever installs the package has configured TypeScript, and which declarations stand beside it. */
export interface Configuration {
  readonly options: Readonly<Record<string, unknown>>
  readonly types: readonly string[]
  /** Whether it is for a page alone. */
  readonly isBrowser: boolean
}

/** As each tool writes it into a new project. */
export const configurations: Readonly<Record<string, Configuration>> = {
  'NodeNext, strict': {
    options: {
      target: 'esnext',
      module: 'nodenext',
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: true,
    },
    types: ['node'],
    isBrowser: false,
  },
  Vite: {
    options: {
      target: 'es2023',
      lib: ['ES2023', 'DOM'],
      module: 'esnext',
      moduleResolution: 'bundler',
      allowImportingTsExtensions: true,
      verbatimModuleSyntax: true,
      moduleDetection: 'force',
      noUnusedLocals: true,
      noUnusedParameters: true,
      erasableSyntaxOnly: true,
      noFallthroughCasesInSwitch: true,
      noUncheckedSideEffectImports: true,
      strict: true,
      skipLibCheck: true,
    },
    types: [],
    isBrowser: true,
  },
  Next: {
    options: {
      target: 'ES2017',
      lib: ['dom', 'dom.iterable', 'esnext'],
      allowJs: true,
      strict: true,
      esModuleInterop: true,
      module: 'esnext',
      moduleResolution: 'bundler',
      resolveJsonModule: true,
      isolatedModules: true,
      jsx: 'react-jsx',
      skipLibCheck: true,
    },
    types: ['node'],
    isBrowser: false,
  },
  'bun init': {
    options: {
      lib: ['ESNext', 'DOM'],
      target: 'ESNext',
      module: 'Preserve',
      moduleDetection: 'force',
      jsx: 'react-jsx',
      allowJs: true,
      moduleResolution: 'bundler',
      allowImportingTsExtensions: true,
      verbatimModuleSyntax: true,
      strict: true,
      noFallthroughCasesInSwitch: true,
      noUncheckedIndexedAccess: true,
      noImplicitOverride: true,
      skipLibCheck: true,
    },
    types: ['bun'],
    isBrowser: false,
  },
}
