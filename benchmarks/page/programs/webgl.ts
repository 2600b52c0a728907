import { useFastWebgl, WebglUnavailableError } from '@sshn/backend-webgl';
import { version_webgl } from '@tensorflow/tfjs-backend-webgl';
import { env, setBackend } from '@tensorflow/tfjs-core';
import { prepareOurs } from '../../peers/ours/program.js';
import { Absent, type PeerProgram } from '../../peers/program.js';
import { prepareStock } from '../../peers/tfjs/program.js';

/** What WebGL runs on, in words. @throws {Absent} where it is computed in software: a step would take minutes. */
function requireRenderer(): string {
  const gl = typeof OffscreenCanvas === 'undefined' ? null : new OffscreenCanvas(1, 1).getContext('webgl2');
  if (gl === null) throw new Absent('this browser has no WebGL 2 in workers');
  const named = gl.getExtension('WEBGL_debug_renderer_info');
  const renderer = String(gl.getParameter(named?.UNMASKED_RENDERER_WEBGL ?? gl.RENDERER));
  if (/swiftshader|llvmpipe|lavapipe|basic render|software/i.test(renderer))
    throw new Absent(`computed in software here: ${renderer}`);
  return renderer;
}

/** @sshn on webgl, in a worker of a page. */
export const oursOnWebgl: PeerProgram = {
  async start() {
    const renderer = requireRenderer();
    try {
      await useFastWebgl();
    } catch (error) {
      if (error instanceof WebglUnavailableError) throw new Absent(error.message);
      throw error;
    }
    env().set('WEBGL_CPU_FORWARD', false);
    return renderer;
  },
  prepare: prepareOurs,
};

/** tfjs' own webgl backend there. */
export const stockOnWebgl: PeerProgram = {
  async start() {
    requireRenderer();
    if (!(await setBackend('webgl'))) throw new Absent('does not start');
    env().set('WEBGL_CPU_FORWARD', false);
    return version_webgl;
  },
  prepare: prepareStock,
};
