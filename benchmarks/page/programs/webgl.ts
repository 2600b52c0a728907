import { useFastWebgl, WebglUnavailableError } from '@sshn/backend-webgl';
import { version_webgl } from '@tensorflow/tfjs-backend-webgl';
import { env, setBackend } from '@tensorflow/tfjs-core';
import { prepareOurs } from '../../peers/ours/program.js';
import { Absent, type PeerProgram } from '../../peers/program.js';
import { prepareStock } from '../../peers/tfjs/program.js';

/** @sshn on webgl, in a worker of a page. */
export const oursOnWebgl: PeerProgram = {
  async start() {
    try {
      const { renderer } = await useFastWebgl();
      env().set('WEBGL_CPU_FORWARD', false);
      return renderer;
    } catch (error) {
      if (error instanceof WebglUnavailableError) throw new Absent(error.message);
      throw error;
    }
  },
  prepare: prepareOurs,
};

/** tfjs' own webgl backend there. */
export const stockOnWebgl: PeerProgram = {
  async start() {
    if (typeof OffscreenCanvas === 'undefined') throw new Absent('this browser has no WebGL in workers');
    if (!(await setBackend('webgl'))) throw new Absent('does not start');
    env().set('WEBGL_CPU_FORWARD', false);
    return version_webgl;
  },
  prepare: prepareStock,
};
