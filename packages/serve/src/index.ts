export type { ServedModel } from './protocol.js';
export { type ServeOptions, type Service, serve } from './serve.js';
