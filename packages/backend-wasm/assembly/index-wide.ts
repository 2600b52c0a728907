export * from './index';
// Exported only so that the optimizer keeps them functions of their own: within others V8 does not merge their pairs well.
export { accumulate4x16, add4x16, gather4x16, product4x16 } from './products-wide';
