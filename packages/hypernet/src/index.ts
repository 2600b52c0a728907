export { type Form, forms, type HeadSpecs } from './head-plan.js';
export {
  type HypernetizeConfig,
  hypernetize,
  type Predicted,
  type Scalable,
  type ScalableSpecs,
} from './hypernetize.js';
export {
  type Encoding,
  encodeRescaling,
  encodings,
  type Hypernetwork,
  type HypernetworkConfig,
  type HypernetworkSpecs,
  hypernetwork,
  hypernetworkInputs,
  hypernetworkOptions,
} from './hypernetwork.js';
