// Makes a component of `src/` and of the world `core` in `wit/`.
//
// componentize-js 0.23.0 imports `@bytecodealliance/preview2-shim` without depending on it: hence
// that line in package.json. Without it the second `npm install` breaks the build.
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { componentize } from '@bytecodealliance/componentize-js';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

const { component } = await componentize({
  sourcePath: here('src/index.js'),
  witPath: here('wit'),
  worldName: 'core',
  // Nothing grants HTTP. The clock must stay: without it every function that reads the time traps.
  disableFeatures: ['http', 'fetch-event'],
});
await writeFile(here('backend.wasm'), component);
console.log(`backend.wasm, ${component.length} bytes`);
