/** Arrows between packages point down only, and there are no cycles. */
const below = {
  core: [],
  ops: ['core'],
  layers: ['core', 'ops'],
  hypernet: ['core', 'ops', 'layers'],
  architectures: ['core', 'ops', 'layers'],
  losses: ['core', 'ops'],
  optim: ['core', 'ops'],
  registration: ['core', 'ops', 'layers', 'architectures', 'hypernet', 'losses', 'optim'],
  trace: ['core', 'ops'],
  flops: ['core', 'ops', 'trace'],
  model: ['core', 'ops', 'layers', 'hypernet', 'architectures', 'registration', 'data'],
  data: ['core'],
  onnx: ['core', 'ops', 'trace'],
  'graph-model': ['core', 'ops', 'trace'],
  predict: [
    'core',
    'ops',
    'data',
    'flops',
    'hypernet',
    'losses',
    'model',
    'registration',
    'trace',
    'layers',
    'architectures',
  ],
  training: [
    'core',
    'ops',
    'layers',
    'hypernet',
    'architectures',
    'losses',
    'optim',
    'registration',
    'trace',
    'flops',
    'model',
    'data',
  ],
  serve: ['core', 'data', 'model', 'predict', 'backend-wasm'],
  zoo: ['core', 'ops', 'data', 'registration'],
  'backend-wasm': ['core', 'ops'],
  'backend-webgl': ['core', 'ops'],
  'backend-webgpu': ['core', 'ops'],
};

/** Tests may look sideways; what they test may not. */
const source = (name) => `^packages/${name}/src/(?!.*\\.test\\.ts$)`;

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    ...Object.entries(below).map(([name, allowed]) => ({
      name: `${name}-points-down`,
      comment: `@sshn/${name} may import ${allowed.length === 0 ? 'no other package' : allowed.join(', ')}.`,
      severity: 'error',
      from: { path: source(name) },
      to: { path: '^packages/', pathNot: [name, ...allowed].map((other) => `^packages/${other}/`) },
    })),
    {
      name: 'no-backend',
      comment: 'Only backend packages and programs choose a backend.',
      severity: 'error',
      from: {
        path: '^packages/',
        pathNot: [
          '^packages/(backend-wasm|backend-webgl|backend-webgpu|cli|serve)/',
          '(\\.test\\.ts$|/testing/|/scripts/)',
        ],
      },
      to: { path: 'tfjs-backend-' },
    },
    {
      name: 'no-tests-in-sources',
      severity: 'error',
      from: { path: '^packages/', pathNot: '(\\.test\\.ts$|/testing/)' },
      to: { path: '(^tests/|\\.test\\.ts$)' },
    },
    { name: 'resolvable', severity: 'error', from: { path: '^packages/' }, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^packages/[^/]+/(dist|assembly)/' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@sshn/source', 'import', 'node', 'default'],
    },
  },
};
