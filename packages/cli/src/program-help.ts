// What is known before a command is loaded: it imports nothing.

/** What the command's exit code says. */
export const exitCodes = {
  ok: 0,
  /** The input or the run failed; one line says why. */
  failure: 1,
  /** The command line makes no sense. */
  usage: 2,
  /** Ctrl-C; a checkpoint or partial results are kept. 128 + SIGINT. */
  interrupted: 130,
  /** SIGTERM, likewise. 128 + SIGTERM. */
  terminated: 143,
} as const;

/** The first word of the command line of a process that predicts for another one; see `predict/processes.ts`. */
export const predictorWord = 'predict-images-of-parent';

/** The rescaling factor, said once for all commands. */
export const factorHelp = `The rescaling factor φ (--factor) is what every pooling step of the network scales its input by: at φ = 0.5 each \
stage works on half the pixels per side, at φ = 0.1 on a tenth, at φ = 0 on a single pixel. Small φ is fast and coarse, \
large φ slow and fine.`;

/** The help of the program itself. */
export const programHelp = {
  description: `Train one network, for segmentation or registration, that works at every rescaling factor, then choose the factor.

${factorHelp} A hypernetwork predicts the weights for each φ, so one training gives the whole accuracy-cost curve.`,
  examples: `
Examples:
  $ sshn train phantoms --epochs 20          # generated images, no data needed
  $ sshn train cells/ --size 128x128         # cells/images/*.png and cells/labels/*.png
  $ sshn evaluate runs/cells-sshn-seed1
  $ sshn pareto runs/cells-sshn-seed1        # CSV, JSON, plots and a report page
  $ sshn predict runs/cells-sshn-seed1 photo.png -o out
  $ sshn export runs/cells-sshn-seed1 --gflops 0.5 -o cells.onnx
  $ sshn serve runs/cells-sshn-seed1 --target-p95 200          # over HTTP
  $ sshn register none a.png b.png --refine 100 -o moved.png   # align two images

Exit codes:
  0    done
  1    the input or the run failed; the last line says why
  2    the command line makes no sense
  130  interrupted with Ctrl-C; nothing is lost, the same command goes on
  143  the same, by SIGTERM`,
};
