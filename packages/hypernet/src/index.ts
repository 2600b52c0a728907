export { curveDirections, type Directions } from './directions.js';
export { type Encoding, encodeSetting, encodings, type Knob, knobs } from './encoding.js';
export { type Form, forms, type HeadSpecs } from './head-plan.js';
export {
  type HypernetizeConfig,
  hypernetize,
  type Predicted,
  type Scalable,
  type ScalableSpecs,
} from './hypernetize.js';
export {
  type Hypernetwork,
  type HypernetworkConfig,
  type HypernetworkSpecs,
  hypernetwork,
  hypernetworkInputs,
  hypernetworkOptions,
  knobOptions,
  projectionOptions,
} from './hypernetwork.js';
