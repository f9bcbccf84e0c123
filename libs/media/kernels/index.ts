// What every small frame is put through, in WebAssembly with vectors of 16 bytes: about a tenth of what the same loops cost in JavaScript.
// AssemblyScript, compiled by scripts/build.mjs; libs/media/src/kernels.ts is the only one that calls it.
export { FACTS, FRAMES, GRIDS, GRID_BYTES, RESULT, SLOTS } from './layout';
export { cellDistance, reduce } from './grid';
export { BLOCKS, changes, light, noise } from './light';
export { fit } from './mix';
export { unlike } from './match';
