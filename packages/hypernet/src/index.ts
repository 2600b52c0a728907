export { type Encoding, encodeRescaling, encodings } from './encoding.js';
export {
  type HypernetizeConfig,
  type Hypernetized,
  type HypernetizedSpecs,
  hypernetize,
  type Predicted,
} from './hypernetize.js';
export {
  type Form,
  forms,
  type Hypernetwork,
  type HypernetworkConfig,
  hypernetwork,
} from './hypernetwork.js';
