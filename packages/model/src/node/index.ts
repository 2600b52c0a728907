export { writeFileAtomic } from './atomic-write.js';
export { fileProblem } from './file-problem.js';
export { fileStore } from './file-store.js';
export {
  readModelFile,
  readRegularFile,
  updateManifest,
  weightsDigest,
  writeModelFile,
} from './files.js';
