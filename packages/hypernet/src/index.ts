export { type Encoding, encodeRescaling, encodings } from './encoding.js';
export { type Form, forms, type HeadSpecs } from './head-plan.js';
export {
  type HypernetizeConfig,
  type Hypernetized,
  type HypernetizedSpecs,
  hypernetize,
  type Predicted,
} from './hypernetize.js';
export {
  type Hypernetwork,
  type HypernetworkConfig,
  type HypernetworkSpecs,
  hypernetwork,
  hypernetworkOptions,
} from './hypernetwork.js';
