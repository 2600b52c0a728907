export { writeFileAtomic } from './atomic-write.js';
export { fileProblem } from './file-problem.js';
export { fileStore } from './file-store.js';
export {
  readCheckpointFile,
  readModelFile,
  readRegularFile,
  updateManifest,
  weightsDigest,
  writeCheckpointFile,
  writeModelFile,
} from './files.js';
