export { writeFileAtomic } from './atomic-write.js';
export { readCheckpointFile, readModelFile, writeCheckpointFile, writeModelFile } from './files.js';
