/** What each command teaches under `--help`. */
export interface CommandHelp {
  readonly description: string;
  readonly examples: string;
}

/** The rescaling factor, said once for all commands. */
const factorText = `The rescaling factor φ (--factor) is what every pooling step of the network scales its input by: at φ = 0.5 each \
stage works on half the pixels per side, at φ = 0.1 on a tenth, at φ = 0 on a single pixel. Small φ is fast and coarse, \
large φ slow and fine.`;

export const programHelp: CommandHelp = {
  description: `Train one network, for segmentation or registration, that works at every rescaling factor, then choose the factor.

${factorText} A hypernetwork predicts the weights for each φ, so one training gives the whole accuracy-cost curve.`,
  examples: `
Examples:
  $ sshn train phantoms --epochs 20          # generated images, no data needed
  $ sshn train cells/ --size 128x128         # cells/images/*.png and cells/labels/*.png
  $ sshn evaluate runs/cells-sshn-seed1
  $ sshn pareto runs/cells-sshn-seed1        # CSV, JSON, plots and a report page
  $ sshn register none a.png b.png --refine 100 -o moved.png   # align two images

Exit codes:
  0    done
  1    the input or the run failed; the last line says why
  2    the command line makes no sense
  130  interrupted with Ctrl-C; nothing is lost, the same command goes on
  143  the same, by SIGTERM`,
};

export const trainHelp: CommandHelp = {
  description: `Train a network in a run folder, from generated weights or from where the run was left.

DATA is a folder of images/ and labels/ with the same file names (PNG, TIFF, BMP, JPEG; label values 0, 1, 2 …), \
NIfTI volumes in the same places or in a folder per subject, as t1.nii.gz and labels.nii.gz, \
a folder laid out like the WBC dataset, or phantoms[:cells|blobs[:COUNT[:SEED]]] for generated images.

${factorText}

Methods: sshn predicts all weights from φ (one training, every φ); fixed trains for one φ; stochastic trains one set \
of weights at random φ; film lets φ scale and shift the features. The best weights on the validation images are kept.

With --rescaling separate every downsampling step of the network has a factor of its own, drawn independently, and the \
hypernetwork sees all of them.

Ctrl-C stops with a checkpoint. The same command, or --resume, goes on as if nothing had happened.`,
  examples: `
Examples:
  $ sshn train phantoms:cells:200 --size 64x64 --epochs 20 --features 16
  $ sshn train cells/ --out runs/cells --config cells.yaml --seed 2
  $ sshn train cells/ --method fixed --factor 0.25
  $ sshn train cells/ --architecture senet --normalization group --loss focalTversky --loss-gamma 1.5
  $ sshn train brains/ --slices coronal --slice-range 80,110 --slice-step 5   # 2D slices of volumes
  $ sshn train brains/ --task registration --slices coronal --weight 0.1   # learn to align pairs
  $ sshn train cells/ --rescaling separate --stages 4 --prior 0,1
  $ sshn train --resume runs/cells

The run folder holds run.json (what is trained), metrics.jsonl (a line per epoch), checkpoints, and the best model.`,
};

export const evaluateHelp: CommandHelp = {
  description: `Evaluate the best model of a run at some rescaling factors: Dice per label, GFLOPs and milliseconds.

Dice is 2·overlap / (prediction + truth), per image and label, then averaged over foreground labels and images. A label \
that is absent from both has none: such undefined cases are left out of the mean, and counted. GFLOPs and milliseconds \
are of one forward pass on one image. --surface adds distances between the surfaces of predicted and true labels: a label \
that only one of them has counts as far apart as the corners of the image.

${factorText}`,
  examples: `
Examples:
  $ sshn evaluate runs/cells
  $ sshn evaluate runs/cells --factors 0,0.1,0.25,0.5 --split validation
  $ sshn evaluate runs/cells-separate --factor 0.3,0.4,0.5
  $ sshn evaluate runs/brains --surface 2 --csv
  $ sshn evaluate runs/cells --json | jq '.results[].dice'`,
};

export const paretoHelp: CommandHelp = {
  description: `Evaluate a run at many rescaling factors and draw its accuracy-cost curve, with the Pareto front marked.

${factorText} A factor is on the Pareto front if no other reaches as much Dice with as few FLOPs.

Writes into RUN/pareto: pareto.csv, pareto.json, dice-vs-factor.svg, dice-vs-gflops.svg, and report.html, a page of its \
own with plots, table, a slider over φ, and predictions on images. Interrupted, the same command goes on; factors \
evaluated before are not evaluated again while weights, data and machine are the same.

Of a run with separate factors this is the curve of equal ones; --grid 11 evaluates all combinations of 11 values each, \
the cheapest first, and writes results.csv (one column per factor), grid.json, dice-vs-gflops.svg and dice-map.svg into RUN/pareto/grid.`,
  examples: `
Examples:
  $ sshn pareto runs/cells
  $ sshn pareto runs/cells --from 0.05 --to 0.5 --by 0.05 --images 8
  $ sshn pareto runs/cells-separate --grid 11 --to 1
  $ sshn pareto runs/cells --compare runs/fixed-0.25 runs/fixed-0.5`,
};
